"""The command `ketnoi-registry`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from ketnoi_protocol.services import DEFAULT_PROFILE, Catalogue, Environment, profiles
from ketnoi_runtime import logs, process
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.database import migrate
from ketnoi_runtime.settings import SettingsError, load_settings

from . import cli_loading, cli_seals, openapi
from .access_log import Pseudonyms, key_fingerprints
from .access_log.pseudonyms import PseudonymKeyError
from .alarms import canaries
from .app import Registry
from .callers import CallerError
from .citizens.seals import SealError
from .cli_loading import with_pool
from .identity import IdentityError
from .loading import load_units
from .loading.csv_input import InputError
from .provinces import provinces
from .settings import Settings
from .store.upstream import UpstreamError

_HAS_PROVINCES = "SELECT EXISTS (SELECT FROM administrative_unit WHERE level = 'province')"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 when it did what it was told, else 1, 2 for a wrong command line, and 3 for
    a load that came to its end with lines that were not taken."""
    told = _parser().parse_args(arguments)
    try:
        status: int = told.act(told)
        return status
    except (
        SettingsError, CallerError, PseudonymKeyError, InputError, UpstreamError, IdentityError, SealError,
    ) as error:  # fmt: skip
        reason = str(error)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # Its text may quote a value.
        reason = f"cơ sở dữ liệu từ chối · the database refused: {type(error).__name__}"
    except OSError as error:
        reason = f"không mở được · cannot be opened: {error.strerror or type(error).__name__}"
    print(f"ketnoi-registry: {reason}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ketnoi-registry", description="CSDLQG về dân cư · the population registry")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="trả lời cho tới khi bị dừng · answer until told to stop")
    run.set_defaults(act=_run)
    init = commands.add_parser("init", help="tạo bảng, khóa bút danh, tỉnh · make tables, pseudonym keys, provinces")
    init.add_argument("--key-id", default="k1", help="tên khóa bút danh đầu tiên · the first pseudonym key's name")
    init.set_defaults(act=_init)
    cli_loading.add_to(commands)
    cli_seals.add_to(commands)
    named = commands.add_parser(
        "canaries", help="thay danh sách người cảnh báo · let these be the persons whose look-up raises an alarm"
    )
    named.add_argument("file", type=Path, help="mỗi dòng một số · one number a line; # begins a remark")
    named.add_argument("--settings", type=Path, required=True, metavar="FILE")
    named.set_defaults(act=_canaries)
    for command in (run, init):
        command.add_argument("--settings", type=Path, required=True, metavar="FILE")
    described = commands.add_parser("openapi", help="in mô tả OpenAPI 3.1 · print the API's description")
    described.add_argument("--settings", type=Path, metavar="FILE", help="lấy profile và môi trường từ đây")
    described.add_argument("--profile", choices=profiles(), default=DEFAULT_PROFILE)
    described.add_argument(
        "--environment", choices=[each.value for each in Environment], default=Environment.TEST.value
    )
    described.set_defaults(act=_openapi)
    return parser


def _run(told: argparse.Namespace) -> int:
    settings = load_settings(told.settings, Settings)
    logs.configure()
    started: list[Registry] = []

    async def start() -> Registry:
        started.append(await Registry.start(settings, SystemClock()))
        return started[0]

    def ready() -> None:
        line = {"ready": "registry", "node": settings.node_id, "host": settings.host, "port": started[0].port}
        print(json.dumps(line), flush=True)

    process.run(start, ready)
    return 0


def _init(told: argparse.Namespace) -> int:
    settings = load_settings(told.settings, Settings)
    keys = settings.path(settings.pseudonym_keys)
    if keys.exists():
        Pseudonyms.read(keys)

    async def act(pool: asyncpg.Pool) -> None:
        await migrate(pool, "ketnoi_registry")
        if not keys.exists():
            if await key_fingerprints.known(pool):
                raise PseudonymKeyError(f"{keys}: this database has pseudonym keys; {key_fingerprints.MEND}")
            Pseudonyms.make(keys, told.key_id)
        await key_fingerprints.check(pool, Pseudonyms.read(keys))
        if not await pool.fetchval(_HAS_PROVINCES):
            # What was loaded later is not taken back by whoever sets up one more node.
            await load_units(pool, provinces())

    with_pool(settings, act)
    return 0


def _canaries(told: argparse.Namespace) -> int:
    settings = load_settings(told.settings, Settings)
    pseudonyms, numbers = Pseudonyms.read(settings.path(settings.pseudonym_keys)), canaries.read_file(told.file)

    async def act(pool: asyncpg.Pool) -> int:
        await migrate(pool, "ketnoi_registry")
        return await canaries.replace(pool, pseudonyms, numbers)

    print(json.dumps({"canaries": with_pool(settings, act)}))
    return 0


def _openapi(told: argparse.Namespace) -> int:
    catalogue, environment = Catalogue.load(told.profile), told.environment
    if told.settings is not None:
        settings = load_settings(told.settings, Settings)
        catalogue, environment = settings.catalogue, settings.environment
    sys.stdout.buffer.write(openapi.document(catalogue, environment))
    return 0


if __name__ == "__main__":
    sys.exit(main())
