"""The signed directory as this process holds it: fetched, verified, switched at once, never older than one seen.

The registry asks nobody whether an organisation, account or officer is good: it holds what the directory's owner has
signed, and refuses everything once that is out of date.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import aiohttp
import asyncpg
from cryptography import x509
from ketnoi_protocol.directory import Grant, IntegrationAccount, Manifest, Officer, Organisation
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.services import Service, System
from ketnoi_runtime.clock import Clock
from ketnoi_trust.directory import bucket_of, read_bucket, verify_manifest
from ketnoi_trust.errors import Refused

from .settings import DirectorySource

_log = logging.getLogger(__name__)
_MANIFEST_BYTES = 4 << 20
_BUCKET_BYTES = 32 << 20
_PARALLEL = 8

Row = TypeVar("Row")
