"""The emergency-preparedness resource registry."""

__version__ = "0.2.0"
