"""Every peer, by the name of its rows."""

from zoo.bench.peers import deepod, pyod
from zoo.bench.peers.peer import Peer

PEERS: dict[str, Peer] = {**pyod.PEERS, **deepod.PEERS}
