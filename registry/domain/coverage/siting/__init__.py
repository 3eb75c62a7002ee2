"""Siting: where to place more resources, by MCLP and LSCP."""
