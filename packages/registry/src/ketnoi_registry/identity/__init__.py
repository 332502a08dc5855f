"""The identity system as the registry asks it: its connections, consents and their use, the keys of officers' cards."""

from .cards import OfficerCards
from .client import IdentityClient
from .settings import Identity, IdentityError

__all__ = ["Identity", "IdentityClient", "IdentityError", "OfficerCards"]
