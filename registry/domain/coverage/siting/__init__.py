"""Where to put more: MCLP and LSCP over real ground."""
