"""No request fills the memory or the disk with files, whatever it says about its length."""

from __future__ import annotations

from typing import Any, Final

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

MOST: Final = 32 * 1024 * 1024
"""Bytes of all files of one request together; each page has its own, smaller limit."""


class BoundedUpload(FileUploadHandler):
    """Stops to read files once they are more than MOST together; the request is answered without them."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and hand on to the next handler."""
        self._seen += len(raw_data)
        if self._seen > MOST:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Another handler keeps the file."""
