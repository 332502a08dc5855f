"""Settings files: TOML read into a typed struct, with errors that say what to mend."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class SettingsError(Exception):
    """A settings file that cannot be used; the text names the file, the field and the mend."""


def load_settings(path: str | os.PathLike[str], kind: type[S]) -> S:
    """Read the TOML file at `path` into `kind`.

    A relative path inside the file is meant relative to the file's own folder; a `kind` with a field `base`
    receives that folder there, unless the file sets it.

    Raises SettingsError when the file is missing, is not TOML, or does not fit `kind`.
    """
    file = Path(path)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}); give the path with --settings") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is not TOML in UTF-8: {error}") from error
    if any(field.name == "base" for field in msgspec.structs.fields(kind)):
        content.setdefault("base", str(file.resolve().parent))
    try:
        return msgspec.convert(content, kind, strict=True)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {error}; mend this field and start again") from error
