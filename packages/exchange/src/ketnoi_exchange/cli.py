"""`ketnoi-exchange`: the governing side at a terminal, by the same actions as the admin API.

Exit status: 0 done, 1 refused (with a code), 2 the command, the settings or a file cannot be used, 3 the database is
out of reach.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from ketnoi_exchange.app import Exchange
from ketnoi_exchange.commands import add_commands
from ketnoi_exchange.initialisation import DatabaseAway, initialise, open_actions
from ketnoi_exchange.keys import KeyUnusable
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_exchange.settings import Settings
from ketnoi_protocol.identifiers import InvalidIdentifier
from ketnoi_runtime import logs, process
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.settings import SettingsError, load_settings

DONE, REFUSED, UNUSABLE, AWAY = range(4)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    args = _parser().parse_args(arguments)
    try:
        settings = load_settings(args.settings, Settings)
        if args.command == "init":
            _init(settings, args)
        elif args.command == "run":
            _run(settings)
        else:
            asyncio.run(_act(settings, args))
    except ChangeRefused as refused:
        which = f" ({', '.join(refused.metadata)})" if refused.metadata else ""
        return _failed(REFUSED, f"{refused.code}: {refused.vi}{which}", f"{refused.code}: {refused.en}{which}")
    except (SettingsError, KeyUnusable, InvalidIdentifier) as error:
        return _failed(UNUSABLE, "Không dùng được đầu vào", f"The input cannot be used: {error}")
    except (DatabaseAway, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        why = str(error) if isinstance(error, DatabaseAway) else type(error).__name__
        return _failed(AWAY, "Không với tới cơ sở dữ liệu", f"The database is out of reach: {why}")
    except OSError as error:
        return _failed(UNUSABLE, "Không dùng được tệp hoặc địa chỉ", f"A file or address cannot be used: {error}")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ketnoi-exchange", description="Phía quản trị của một nền tảng · The governing side of one platform"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--settings", required=True, metavar="FILE", help="tệp cấu hình · the settings file (TOML)")
    shared.add_argument("--json", action="store_true", help="in ra JSON · print JSON")
    shared.add_argument("--by", help="người thao tác · in whose name (default: who is logged in)")
    commands.add_parser("init", parents=[shared], help="khởi tạo, in khóa API đầu tiên một lần · make the platform")
    commands.add_parser("run", parents=[shared], help="chạy nút này · run this node")
    add_commands(commands, shared)
    return parser


def _init(settings: Settings, args: argparse.Namespace) -> None:
    key = asyncio.run(initialise(settings, SystemClock(), _actor(args)))
    if args.json:
        _print_json({"instance": settings.instance, "api_key": key})
        return
    print(f"Đã khởi tạo nền tảng {settings.instance}. Khóa API dưới đây chỉ hiện một lần.")
    print(f"The platform {settings.instance} is made. The API key below is shown only once.")
    print(key)


def _run(settings: Settings) -> None:
    logs.configure()
    node: list[Exchange] = []

    async def start() -> Exchange:
        node.append(await Exchange.start(settings, SystemClock()))
        return node[0]

    def ready() -> None:
        exchange = node[0]
        told = {
            "ready": "exchange",
            "instance": settings.instance,
            "host": settings.listen.host,
            "configuration": exchange.configuration_port,
            "admin": exchange.admin_port,
        }
        print(json.dumps(told), flush=True)

    process.run(start, ready)


async def _act(settings: Settings, args: argparse.Namespace) -> None:
    async with open_actions(settings, SystemClock()) as actions:
        told = await args.act(actions, _actor(args), args)
        version = await actions.version()
    if isinstance(told, bytes):
        sys.stdout.buffer.write(told)
    elif told is None or isinstance(told, str):
        if args.json:
            _print_json({"version": version, "made": told})
            return
        if told is not None:
            print(told)
        print(f"Đã ghi vào nhật ký thao tác, phiên bản {version}.")
        print(f"Recorded in the history as version {version}.")
    elif args.json:
        _print_json(told)
    else:
        for row in told:
            print("\t".join(_shown(value) for value in row.values()))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "-" if value is None else msgspec.json.encode(value).decode()


def _print_json(value: Any) -> None:
    print(msgspec.json.encode(value).decode())


def _actor(args: argparse.Namespace) -> str:
    return f"cli {args.by or getpass.getuser()}"


def _failed(status: int, vietnamese: str, english: str) -> int:
    print(vietnamese, file=sys.stderr)
    print(english, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
