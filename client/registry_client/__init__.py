"""A client for field apps: works without a network, loses nothing, synchronises on return."""

from registry_client.field_app import FieldApp
from registry_client.http import Refused, Unreachable
from registry_client.local_store import QueuedOperation
from registry_client.sync import SyncResult

__version__ = "0.2.0"
__all__ = ["FieldApp", "QueuedOperation", "Refused", "SyncResult", "Unreachable"]
