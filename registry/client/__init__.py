"""A client for field apps: works without a network, loses nothing, settles everything on return."""

from registry.client.exchange import Synced
from registry.client.field import FieldApp
from registry.client.pocket import Queued
from registry.client.wire import Away, Refused

__all__ = ["Away", "FieldApp", "Queued", "Refused", "Synced"]
