"""Evidence: fetched from the agency's own security server, and verified offline by anybody.

Fetching speaks X-Road's `/asic` and `/verificationconf`, so it also works beside an X-Road server. Verifying needs
ketnoi-trust (`pip install ketnoi-client[evidence]`) and no server at all.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ketnoi_client.agency import Agency
from ketnoi_client.problems import KetnoiError, SettingsError, UnusableAnswer, UnusableInput, printable
from ketnoi_client.settings import Settings
from ketnoi_protocol.services import Platform

if TYPE_CHECKING:
    from ketnoi_trust.configuration import Configuration
    from ketnoi_trust.evidence import Verdict

LARGEST_CONTAINER = 64 * 1024 * 1024
LARGEST_TRUST = 64 * 1024 * 1024
MOST_FILES = 2000
"""Bounds on what is read, in octets and files [our choice]."""

LONGEST_NAME = 255
"""Octets of one file's name, as file systems have it."""

_PACKED = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
# All that zipfile raises for octets that somebody made up: also ValueError for a name that is not UTF-8, and
# LookupError for one without letters.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
_ZIP_BEGINS = (b"PK\x03\x04", b"PK\x05\x06")


class NotThere(KetnoiError):  # noqa: N818
    """The security server does not give the evidence; the text is the server's reason."""


def platform_of(settings: Settings, message_id: str) -> Platform:
    """The platform whose instance a message id of ours begins with; the first one configured for any other.

    Raises SettingsError when none is.
    """
    for entry in settings.entries():
        if message_id.startswith(f"{entry.instance}-"):
            return entry.platform
    for platform in settings.platforms:
        return platform
    raise SettingsError("chưa có [platforms.…] nào trong tệp cấu hình · the settings have no [platforms.…]")


def fetch(agency: Agency, message_id: str, folder: Path, platform: Platform | None = None) -> list[Path]:
    """Save the containers of one exchange and the configuration to judge them by into `folder`.

    Returns the files written: the containers first, then those of `verificationconf/`. Missing time stamps are asked
    for first (`force`). Raises NotThere, UnusableAnswer, Unreachable, SettingsError, OSError.
    """
    settings = agency.settings
    platform = platform or platform_of(settings, message_id)
    entry = next((each for each in settings.entries() if each.platform is platform), None)
    if entry is None:
        raise SettingsError(
            f"chưa có [platforms.{platform}] trong tệp cấu hình · the settings have no [platforms.{platform}]"
        )
    own = settings.client_id(entry)
    query = {
        "queryId": message_id,
        "xRoadInstance": own.instance,
        "memberClass": own.member_class,
        "memberCode": own.member_code,
        "subsystemCode": own.subsystem_code,
        "force": "",
    }
    connection = agency.connection(platform)
    written = []
    for target in (f"/asic?{urlencode(query)}", "/verificationconf"):
        reply = connection.request("GET", target)
        if reply.status != 200:
            raise NotThere(printable(f"HTTP {reply.status}: {reply.body[:500].decode('utf-8', 'replace')}"))
        written += _unpack(reply.body, folder)
    return written


def _unpack(archive: bytes, folder: Path) -> list[Path]:
    """Write the files of a ZIP below `folder`, names that lead elsewhere refused. Raises UnusableAnswer, OSError."""
    written = []
    for name, content in _unpacked(archive):
        path = folder.joinpath(*name.parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Containers hold what was asked and answered about people.
        path.touch(mode=0o600)
        path.write_bytes(content)
        written.append(path)
    return written


def _unpacked(archive: bytes) -> list[tuple[PurePosixPath, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            entries = [each for each in packed.infolist() if not each.is_dir()]
            if len(entries) > MOST_FILES or sum(each.file_size for each in entries) > LARGEST_CONTAINER:
                raise UnusableAnswer("gói bằng chứng quá lớn · the bundle of evidence is too large")
            if not all(each.compress_type in _PACKED for each in entries):
                raise UnusableAnswer("gói bằng chứng nén theo cách lạ · the bundle is packed in an unknown way")
            return [(_safe(each.filename), packed.read(each)) for each in entries]
    except _UNREADABLE as error:
        raise UnusableAnswer("gói bằng chứng không đọc được · the bundle of evidence cannot be read") from error


def _safe(filename: str) -> PurePosixPath:
    name = PurePosixPath(filename)
    unsafe = name.is_absolute() or ".." in name.parts or not name.parts or "\\" in filename
    unsafe = unsafe or any(len(part.encode()) > LONGEST_NAME for part in name.parts)
    if unsafe or printable(filename) != filename:
        raise UnusableAnswer("gói bằng chứng có tên tệp không hợp lệ · the bundle has an unsafe file name")
    return name


def verify(file: Path, trust: Path, *, strict: bool = False) -> Verdict:
    """Judge one ASiC-E container by an X-Road configuration directory or a shared-params file.

    Raises ketnoi_trust's Refused with the code of the step that failed, UnusableInput when a file cannot be read or is
    no ZIP file, or the configuration is none, ImportError without ketnoi-trust.
    """
    from ketnoi_trust import evidence

    container = _content(file, LARGEST_CONTAINER)
    known = configuration(trust)
    if not container.startswith(_ZIP_BEGINS):
        raise UnusableInput(f"{file}: không phải bằng chứng ASiC-E (ZIP) · is no ASiC-E container (ZIP)")
    return evidence.verify(container, known, strict=strict)


def configuration(trust: Path) -> Configuration:
    """The configuration that a directory or a shared-params file holds. Raises UnusableInput."""
    from ketnoi_trust.configuration import Configuration
    from ketnoi_trust.errors import Refused

    try:
        if trust.is_dir():
            return Configuration.from_directory_files(dict(_files(trust)))
        return Configuration.from_shared_params(_content(trust, LARGEST_TRUST))
    except Refused as refused:
        raise UnusableInput(f"{trust}: không phải cấu hình X-Road · is no X-Road configuration: {refused}") from refused


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    for number, path in enumerate(sorted(each for each in folder.rglob("*") if each.is_file())):
        content = _content(path, LARGEST_TRUST - total)
        total += len(content)
        if number >= MOST_FILES:
            raise UnusableInput(f"{folder}: quá nhiều tệp · has too many files")
        yield path.relative_to(folder).as_posix(), content


def _content(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise UnusableInput(f"{path}: không đọc được · cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise UnusableInput(f"{path}: quá lớn · is too large")
    return content


__all__ = ["NotThere", "UnusableInput", "configuration", "fetch", "platform_of", "verify"]
