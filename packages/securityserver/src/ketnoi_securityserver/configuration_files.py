"""The configuration directory on disk, in X-Road's layout, for evidence verifiers and for our own restart.

    <folder>/instance-identifier
    <folder>/<instance>/shared-params.xml, shared-params.xml.metadata, …
    <folder>/<instance>/directory.signed        ours: the signed directory itself, so that a restart can verify

`<instance>` is a link to a folder that is complete before the link moves: a reader sees the old or the new one whole.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ketnoi_securityserver.configuration_download import Downloaded
from ketnoi_trust.configuration import DirectoryListing
from ketnoi_trust.configuration.directory_files import INSTANCE_FILE, METADATA
from ketnoi_trust.configuration.signed_directory import FILE_NAMES

DIRECTORY = "directory.signed"


class ConfigurationFolder:
    """One instance's files below one folder."""

    def __init__(self, folder: Path, instance: str) -> None:
        self._folder = folder
        self._instance = instance

    @property
    def _link(self) -> Path:
        return self._folder / self._instance

    def read(self) -> Downloaded | None:
        """What was written last, unverified; None when there is nothing whole."""
        try:
            directory = (self._link / DIRECTORY).read_bytes()
        except OSError:
            return None
        files = {}
        version = 0
        for identifier, name in FILE_NAMES.items():
            path = self._link / name
            if path.exists():
                files[identifier] = path.read_bytes()
                metadata = json.loads((self._link / f"{name}{METADATA}").read_text())
                version = int(metadata["configurationVersion"])
        return Downloaded(directory, version, files)

    def write(self, listing: DirectoryListing, downloaded: Downloaded) -> None:
        """Put a configuration in place of the one before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((_number(path) for path in self._folder.glob(f".{self._instance}.*")), default=0)
        fresh = self._folder / f".{self._instance}.{number}"
        fresh.mkdir()
        for part in listing.parts:
            if part.content_identifier in downloaded.files:
                (fresh / part.file_name).write_bytes(downloaded.files[part.content_identifier])
                metadata = json.dumps(listing.metadata(part), ensure_ascii=False)
                (fresh / f"{part.file_name}{METADATA}").write_text(metadata, encoding="utf-8")
        (fresh / DIRECTORY).write_bytes(downloaded.directory)
        link = self._folder / f".{self._instance}.link"
        link.unlink(missing_ok=True)
        link.symlink_to(fresh.name)
        link.replace(self._link)
        instance = self._folder / INSTANCE_FILE
        if not instance.exists() or instance.read_text() != self._instance:
            instance.write_text(self._instance)
        for path in self._folder.glob(f".{self._instance}.*"):
            if path.is_dir() and not path.is_symlink() and _number(path) < number - 1:
                shutil.rmtree(path, ignore_errors=True)


def _number(path: Path) -> int:
    suffix = path.name.rpartition(".")[2]
    return int(suffix) if suffix.isdigit() else 0
