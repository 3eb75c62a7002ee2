"""Other feature servers, asked for the same features of the same boxes on the same database."""

from benchmarks.peers import pg_featureserv, pygeoapi, tipg
from benchmarks.peers.shape import Peer

PEERS = (
    Peer("tipg", 10, tipg.serving, tipg.items),
    Peer("pygeoapi", 10, pygeoapi.serving, pygeoapi.items),
    Peer("pg_featureserv", 1, pg_featureserv.serving, pg_featureserv.items),
)
