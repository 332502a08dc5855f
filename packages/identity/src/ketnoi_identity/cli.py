"""The command `ketnoi-identity`."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import psycopg

from ketnoi_pages import clock
from ketnoi_pages.serving import serve
from ketnoi_runtime import logs, process
from ketnoi_runtime.pinning import PinningError
from ketnoi_runtime.settings import SettingsError

from . import readiness, retention
from .accounts import terms, tidying
from .consent.verification import verify_receipt
from .desk import officers
from .initialise import initialise
from .openid import keys, records
from .settings import SETTINGS_VARIABLE, Settings, current

THREADS = 3
"""As many as the pages' pool has connections to the database."""
_DROPPED = (
    "Đã xóa mã, phiên, yêu cầu xác nhận đã hết hạn · dropped codes, sessions and challenges that ran out",
    "Đã xóa sự đồng ý hết hạn lưu giữ · dropped consents past their period",
    "Đã xóa đề nghị không được đồng ý, hết hạn lưu giữ · dropped requests never agreed to, past their period",
    "Đã xóa lượt dùng sự đồng ý hết hạn lưu giữ · dropped uses of consents past their period",
    "Đã xóa phản ánh đã trả lời, hết hạn lưu giữ · dropped answered objections past their period",
    "Đã xóa dòng thẻ cán bộ hết hạn lưu giữ · dropped rows of officers' cards past their period",
)
"""What `tidy` says, each with a count: what ran out, then the members of `retention.Dropped`."""

_ENDS = "số định danh đọc từ đầu vào · the personal number is read from the input"
_ADDS = (
    "số định danh, rồi sáu chữ số trên điện thoại của người đó (Tài khoản → Tôi đang ở Công an cấp xã), đọc từ đầu vào"
    " · the personal number, then the six digits of the person's own phone, are read from the input"
)
_NUMBER = "Số định danh cá nhân · personal number"
_CODE = "Mã trên điện thoại của người đó · the code of their phone"


_REASONS: dict[type[Exception], str] = {
    SettingsError: "cấu hình không dùng được · the settings cannot be used",
    PinningError: "chứng thư không dùng được · a certificate cannot be used",
    keys.NoKeysError: "khóa ký không dùng được · the signing keys cannot be used",
    terms.TermsError: "điều khoản không dùng được · the terms cannot be used",
    officers.DeskError: "không thực hiện được · cannot be done",
    readiness.NotReady: "chưa thể bắt đầu · cannot start yet",
}
"""What to say before an error's own words."""


def main(arguments: Sequence[str] | None = None) -> int:
    """`ketnoi-identity --settings FILE COMMAND …`; the exit status: 0, or 1 with a reason, or 2 for a wrong line."""
    told = _parser().parse_args(arguments)
    if told.act is verify_receipt:
        # For strangers: it needs no settings, no database and no Django.
        return verify_receipt(told.receipt, told.keys)
    os.environ[SETTINGS_VARIABLE] = str(told.settings)
    os.environ["DJANGO_SETTINGS_MODULE"] = "ketnoi_identity.site.settings"
    logs.configure()
    try:
        status: int = told.act(told, current())
        return status
    except tuple(_REASONS) as error:
        reason = next(f"{words}: {error}" for kind, words in _REASONS.items() if isinstance(error, kind))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, psycopg.Error) as error:
        # Its text may quote a value.
        reason = f"cơ sở dữ liệu từ chối, xem `database` trong {told.settings} · the database refused, see `database`"
        reason += f" there: {type(error).__name__}"
    except OSError as error:
        reason = _unopened(error)
    print(f"ketnoi-identity: {reason}", file=sys.stderr)
    return 1


def _unopened(error: OSError) -> str:
    why = error.strerror or type(error).__name__
    if error.filename is not None:
        return f"{error.filename}: không đọc hoặc ghi được · cannot be read or written: {why}"
    if error.errno == errno.EADDRINUSE:
        return f"địa chỉ và cổng đang được dùng · address and port are in use: {why}"
    return f"không kết nối được, xem `database` · cannot connect, see `database`: {why}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ketnoi-identity", description="Định danh và xác thực điện tử · electronic identity"
    )
    parser.add_argument("--settings", type=Path, default=os.environ.get(SETTINGS_VARIABLE, "identity.toml"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="tạo bảng, thư mục khóa, điều khoản · make tables, keys' folder, terms")
    init.set_defaults(act=_init)
    verify = commands.add_parser("verify-receipt", help="kiểm tra biên nhận đồng ý · verify a receipt of a consent")
    verify.add_argument("receipt", type=Path, metavar="FILE")
    verify.add_argument("--keys", required=True, metavar="FILE|URL", help="khóa công khai đã công bố · published keys")
    verify.set_defaults(act=verify_receipt)
    wire = commands.add_parser("wire", help="trả lời CSDL dân cư và cổng cán bộ · answer the registry and the portal")
    wire.set_defaults(act=_wire)
    web = commands.add_parser("web", help="các trang cho công dân và bàn tiếp dân · the pages")
    web.add_argument("--processes", type=int, default=1, metavar="N")
    web.set_defaults(act=_web)
    desk = commands.add_parser("desk", help="cán bộ bàn tiếp dân · officers of police desks")
    acts = desk.add_subparsers(required=True, metavar="ACT")
    for name, act, help_text in (("add", _add, _ADDS), ("end", _end, _ENDS)):
        each = acts.add_parser(name, help=help_text)
        each.set_defaults(act=act)
        if name == "add":
            each.add_argument("--unit", required=True, help="mã đơn vị · the unit's code")
            each.add_argument("--unit-name", required=True, help="tên đơn vị · the unit's name")
    tidy = commands.add_parser("tidy", help="xóa những gì hết hạn, mỗi ngày một lần · once a day: drop what ran out")
    tidy.set_defaults(act=_tidy)
    turn = commands.add_parser("turn-keys", help="thêm khóa ký kế tiếp · make the next signing keys")
    turn.add_argument(
        "--now",
        choices=keys.RINGS,
        metavar="RING",
        help="khóa bị lộ: bỏ ngay khóa cũ, khóa mới ký ngay · a stolen ring: drop its keys, a new one signs at once"
        f" ({', '.join(keys.RINGS)})",
    )
    turn.set_defaults(act=_turn)
    return parser


def _init(told: argparse.Namespace, own: Settings) -> int:
    asyncio.run(initialise(own, clock.current()))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return 0


def _tidy(told: argparse.Namespace, own: Settings) -> int:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("clearsessions")
    at, ran_out = clock.now(), 0
    with psycopg.connect(own.database) as connection, connection.cursor() as cursor:
        # Codes and tokens name sessions, so they go first.
        for statement in (*records.OUTDATED, *tidying.STATEMENTS):
            cursor.execute(statement, [at])
            ran_out += cursor.rowcount
    with psycopg.connect(own.database, autocommit=True) as connection:
        gone = retention.drop(connection, own.retention, at)
    for name in keys.RINGS:
        keys.ring(own.path(own.keys), name).retire(at)
    for text, count in zip(_DROPPED, (ran_out, *gone), strict=True):
        print(f"{text}: {count}")
    return 0


def _turn(told: argparse.Namespace, own: Settings) -> int:
    if told.now is not None:
        gone = keys.ring(own.path(own.keys), told.now).turn_at_once(clock.now())
        print(f"{told.now}: khóa mới ký ngay, số khóa cũ bị bỏ · a new key signs now, keys dropped: {gone}")
        return 0
    for name in keys.RINGS:
        signs_from = keys.ring(own.path(own.keys), name).turn(clock.now())
        print(f"{name}: {signs_from.isoformat()}")
    return 0


def _wire(told: argparse.Namespace, own: Settings) -> int:
    # The pages need none of it.
    from .wire.app import Wire

    started: list[Wire] = []

    async def start() -> Wire:
        started.append(await Wire.start(own, clock.current()))
        return started[0]

    def ready() -> None:
        print(json.dumps({"ready": "wire", "host": own.wire.host, "port": started[0].port}), flush=True)

    process.run(start, ready)
    return 0


def _web(told: argparse.Namespace, own: Settings) -> int:
    # A worker that fails is started again for ever, and says nothing that helps.
    readiness.check(own, clock.now())
    own.path(own.data).joinpath("static").mkdir(parents=True, exist_ok=True)
    application = "ketnoi_identity.site.wsgi:application"
    serve(application, "identity", own.host, own.port, own.base_url, processes=told.processes, threads=THREADS)
    return 0


def _asked(what: str) -> str:
    """A line of the input: a command's words can be seen by others on the machine."""
    if sys.stdin.isatty():
        print(f"{what}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _add(told: argparse.Namespace, own: Settings) -> int:
    number, code = _asked(_NUMBER), _asked(_CODE)
    with psycopg.connect(own.database) as connection, connection.cursor() as cursor:
        print(officers.add(cursor, number, code, told.unit, told.unit_name, clock.now()))
    return 0


def _end(told: argparse.Namespace, own: Settings) -> int:
    with psycopg.connect(own.database) as connection, connection.cursor() as cursor:
        officers.end(cursor, _asked(_NUMBER), clock.now())
    return 0


if __name__ == "__main__":
    sys.exit(main())
