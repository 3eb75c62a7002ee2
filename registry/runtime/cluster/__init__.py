"""PostgreSQL as programs, processes and files: what the embedded cluster is made of."""


class ClusterError(Exception):
    """Why there is no cluster, in one sentence for the person at the terminal."""
