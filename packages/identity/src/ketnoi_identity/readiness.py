"""What must be in place before the pages answer: looked at once, at the start, so that no worker fails behind it."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .accounts import terms
from .openid import keys
from .openid.pseudonyms import Pseudonyms
from .registry_client import RegistryClient, RegistryUnavailable
from .settings import Settings
from .site.agencies import procedures_of

_CONNECT_SECONDS: Final = 5


class NotReady(Exception):  # noqa: N818
    """Something that the settings name cannot be used; the text says what, in Vietnamese and English."""


def check(own: Settings, at: datetime) -> None:
    """Everything that the pages stand on, but the registry itself: without it they say so.

    Raises NotReady, NoKeysError, TermsError, OSError (with the file's name), psycopg.Error.
    """
    if not own.secret(own.secret_key_file):
        raise NotReady(f"{own.path(own.secret_key_file)}: tệp rỗng · the file is empty")
    _keys(own, at)
    _register(own)
    terms.wordings(own.path(own.terms) if own.terms else None)
    try:
        procedures_of(own)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError, TypeError, KeyError):
        where = own.path(own.procedures)
        raise NotReady(f'{where}: không đúng dạng · has not the form "1.001" = {{ vi = "…", en = "…" }}') from None
    _database(own, at)


def _keys(own: Settings, at: datetime) -> None:
    folder = own.path(own.keys)
    keys.check_folder(folder)
    for name in keys.RINGS:
        keys.ring(folder, name).signing(at)
    try:
        Pseudonyms.of(folder)
    except ValueError:
        raise NotReady(f"{folder}: bí mật của bí danh quá ngắn · the secret of pseudonyms is too short") from None


def _register(own: Settings) -> None:
    told = own.register
    for name in (told.certificate, told.client_certificate, told.client_key):
        # Read here, since OpenSSL does not say which file it could not read.
        own.path(name).read_bytes()
    try:
        RegistryClient(own)
    except RegistryUnavailable:
        raise NotReady(
            f"[register]: chứng thư hoặc khóa không dùng được · no usable certificate and key in {told.certificate},"
            f" {told.client_certificate}, {told.client_key}"
        ) from None


def _database(own: Settings, at: datetime) -> None:
    address = own.database
    if "connect_timeout" not in conninfo_to_dict(address):
        address = make_conninfo(address, connect_timeout=_CONNECT_SECONDS)
    with psycopg.connect(address) as connection:
        try:
            connection.execute("SELECT FROM django_session LIMIT 1")
            row = connection.execute("SELECT count(*) FROM terms WHERE valid_from <= %s", [at]).fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
    if row is None or row[0] == 0:
        raise NotReady(
            "cơ sở dữ liệu chưa có bảng hoặc điều khoản, hãy chạy `init` · no tables or terms in it; run `init`"
        )
