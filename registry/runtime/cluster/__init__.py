"""The embedded PostgreSQL cluster: its programs, processes and files."""


class ClusterError(Exception):
    """The embedded cluster cannot be used; the message is one sentence for the person at the terminal."""
