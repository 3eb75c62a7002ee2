"""Travel times by road: the network, its search, and what may be said of a pair of spots."""
