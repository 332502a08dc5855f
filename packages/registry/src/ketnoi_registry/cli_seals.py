"""The commands of `ketnoi-registry` for lawful secrecy: `seal`, `unseal` and `seals`."""

from __future__ import annotations

import argparse
import getpass
import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.database import migrate
from ketnoi_runtime.settings import load_settings

from .citizens import seals
from .citizens.seals import Order, SealError, Span
from .cli_loading import with_pool
from .settings import Settings

_VIETNAM: Final = timezone(timedelta(hours=7))


def add_to(commands: Any) -> None:
    """Add the commands to the parser's."""
    seal = commands.add_parser("seal", help="giữ bí mật theo luật một lượt xem · keep looks secret, as the law allows")
    seal.add_argument("--organisation", required=True, metavar="CODE", help="cơ quan đã xem · who looked")
    seal.add_argument("--message", metavar="ID", help="mã thông điệp của một lượt xem · the id of one look's message")
    seal.add_argument("--procedure", metavar="MaDVC", help="hoặc mọi lượt xem cho thủ tục này · or all for it")
    seal.add_argument("--from", dest="first", type=_day, metavar="DAY", help="từ ngày · from that day on (yyyy-mm-dd)")
    seal.add_argument("--to", dest="last", type=_day, metavar="DAY", help="đến hết ngày · to that day's end")
    seal.add_argument("--until", required=True, type=_day, metavar="DAY", help="bí mật đến hết ngày · secret till then")
    seal.set_defaults(act=_seal)
    unseal = commands.add_parser("unseal", help="kết thúc niêm phong trước hạn · end a seal before its time")
    unseal.add_argument("seal", type=int, help="số của niêm phong · the seal's number")
    unseal.set_defaults(act=_unseal)
    for command in (seal, unseal):
        command.add_argument("--ordered-by", required=True, type=_words, metavar="WHO", help="người ra quyết định")
        command.add_argument("--legal-basis", required=True, type=_words, metavar="TEXT", help="căn cứ pháp luật")
    listed = commands.add_parser("seals", help="liệt kê niêm phong còn hiệu lực · list the seals that hold")
    listed.set_defaults(act=_seals)
    for command in (seal, unseal, listed):
        command.add_argument("--settings", type=Path, required=True, metavar="FILE")


def _seal(told: argparse.Namespace) -> int:
    span = (told.procedure, told.first, told.last)
    if (told.message is None) == (None in span) or (told.message is not None and span != (None, None, None)):
        raise SealError("cần --message, hoặc cả --procedure, --from, --to · name a message, or all three of a span")
    try:
        organisation = OrganisationCode.parse(told.organisation).value
    except InvalidIdentifier as error:
        raise SealError(f"--organisation: {error}") from None
    what = told.message or Span(told.procedure, _begin(told.first), _begin(told.last + timedelta(days=1)))
    until = _begin(told.until + timedelta(days=1))

    async def act(pool: asyncpg.Pool) -> int:
        await migrate(pool, "ketnoi_registry")
        return await seals.seal(pool, organisation, what, until, _order(told), SystemClock().now())

    print(json.dumps({"seal": with_pool(load_settings(told.settings, Settings), act)}))
    return 0


def _unseal(told: argparse.Namespace) -> int:
    async def act(pool: asyncpg.Pool) -> None:
        await seals.unseal(pool, told.seal, _order(told), SystemClock().now())

    with_pool(load_settings(told.settings, Settings), act)
    return 0


def _seals(told: argparse.Namespace) -> int:
    async def act(pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return await seals.holding(pool, SystemClock().now())

    for each in with_pool(load_settings(told.settings, Settings), act):
        print(msgspec.json.encode(each).decode())
    return 0


def _order(told: argparse.Namespace) -> Order:
    return Order(told.ordered_by, told.legal_basis, getpass.getuser())


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _words(text: str) -> str:
    if not 1 <= len(text.strip()) <= 300:
        raise argparse.ArgumentTypeError("1 … 300 ký tự · characters")
    return text.strip()


def _begin(day: date) -> datetime:
    """Midnight in Vietnam."""
    return datetime(day.year, day.month, day.day, tzinfo=_VIETNAM)
