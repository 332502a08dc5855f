"""How much of a letter is read. All numbers are our choice; a form with its scans stays far below them."""

from __future__ import annotations

from typing import Final

MEGABYTE: Final = 1024 * 1024
MOST_HEADER: Final = 64 * 1024
"""Bytes of a letter's header."""
MOST_PARTS: Final = 60
MOST_DEPTH: Final = 12
MOST_TEXT: Final = 20_000
"""Characters of a letter's text that are kept to be read; the original has all of it."""
MOST_ENCLOSURES: Final = 12

MOST_DOCX_ENTRIES: Final = 300
MOST_DOCX_UNPACKED: Final = 24 * MEGABYTE
MOST_DOCX_XML: Final = 6 * MEGABYTE
"""One part of XML, unpacked."""
MOST_JSON: Final = MEGABYTE

MEMORY: Final = 768 * MEGABYTE
"""What the process that reads a letter may use, bytes."""
SECONDS: Final = 15
"""Its computing time."""

MOST_LETTERS_A_POLL: Final = 50
MOST_UNCLAIMED: Final = 20
"""Drafts of one organisation that wait to be claimed; what comes beyond waits at C06's desk."""
