"""The signed directory: who is approved for what, as its owner has signed it."""

from .polling import DirectoryPoller
from .snapshot import Directory, StaleDirectoryError

__all__ = ["Directory", "DirectoryPoller", "StaleDirectoryError"]
