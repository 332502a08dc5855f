"""The command `ketnoi-testbed`.

    ketnoi-testbed demo [--once] [--people N] [--world NAME] [--port N] [--portal-port N]
    ketnoi-testbed person [--people N]     a question about somebody in it, for `ketnoi look-up --input -`
    ketnoi-testbed citizen agree --input question.json MaGiaoDichDongY    be that person, who was asked for a consent
    ketnoi-testbed population --people N --csv FILE[.gz]      invented people as a file for `ketnoi-registry load`
    ketnoi-testbed population --people N --database DSN       or straight into a registry's empty database
    ketnoi-testbed worlds

Exit status: 0 the story was told to its end (for `citizen`: it is decided so), 1 something went wrong in it (it cannot
be decided so), 2 the world could not be brought up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from ketnoi_identity.consent.content import Decision
from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.citizens import NotDone
from ketnoi_testbed.parts.hosting import StartFailed
from ketnoi_testbed.parts.premises import NoRoom
from ketnoi_testbed.plan import WorldError, shipped
from ketnoi_testbed.plan import load as load_plan
from ketnoi_testbed.playing import say
from ketnoi_testbed.population import Population, load, prepare, write_csv
from ketnoi_testbed.postgres import PostgresError
from ketnoi_testbed.show.bar import Bar
from ketnoi_testbed.show.demo import PAGE_PORT, PORTAL_PORT, Demo

NOT_DONE, UNUSABLE = 1, 2
PEOPLE, SEED = 100_000, 2026
DECISIONS = {each.value.replace("_", "-"): each for each in Decision}
SAID = {
    Decision.AGREE: "công dân đồng ý · the citizen agrees",
    Decision.REFUSE: "công dân từ chối · the citizen refuses",
    Decision.TAKE_BACK: "công dân rút lại · the citizen takes it back",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.act(options))
    except (WorldError, PostgresError, NoRoom, StartFailed) as error:
        print(error, file=sys.stderr)
        return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ketnoi-testbed", description="môi trường thử nghiệm · the test bed")
    acts = parser.add_subparsers(required=True, metavar="…")
    demo = acts.add_parser("demo", help="dựng cả đất nước và kể một lần tra cứu · bring it all up and tell a look-up")
    demo.add_argument("--once", action="store_true", help="kể xong thì dừng · tell the story and end")
    demo.add_argument("--people", type=int, default=PEOPLE, metavar="N", help="số người giả định · invented people")
    demo.add_argument("--seed", type=int, metavar="N", help="số gieo của dân số · the population's seed")
    demo.add_argument(
        "--world",
        default="",
        metavar="NAME",
        help="chỉ một môi trường, không có cổng · one world alone, by name or file",
    )
    demo.add_argument("--port", type=int, default=PAGE_PORT, metavar="N", help="cổng của trang theo dõi · the page's")
    demo.add_argument(
        "--portal-port", type=int, default=PORTAL_PORT, metavar="N", help="cổng của cổng đăng ký · portal"
    )
    demo.add_argument("--no-story", action="store_true", help="chỉ dựng · bring it up only")
    demo.set_defaults(act=_demo)
    person = acts.add_parser("person", help="một câu hỏi về một người giả định · a question about an invented person")
    person.add_argument("--people", type=int, default=PEOPLE, metavar="N", help="như khi dựng · as when brought up")
    person.add_argument("--seed", type=int, default=SEED, metavar="N", help="như khi dựng · as when brought up")
    person.set_defaults(act=_person)
    citizen = acts.add_parser("citizen", help="đóng vai công dân được hỏi · be the citizen who is asked for a consent")
    citizen.add_argument(
        "decision",
        choices=DECISIONS,
        help="đồng ý, từ chối, rút lại; lời nói tại bàn tiếp dân · said at the police desk, as without a smartphone",
    )
    citizen.add_argument("code", metavar="MaGiaoDichDongY", help="`ketnoi consent ask` cho biết · tells it")
    citizen.add_argument(
        "--input", required=True, metavar="FILE", help="`ketnoi-testbed person` in ra; - là stdin · who one is"
    )
    citizen.set_defaults(act=_citizen)
    population = acts.add_parser("population", help="dân số giả định · invented people, into a file or a database")
    population.add_argument("--people", type=int, default=PEOPLE, metavar="N", help="tới · up to 40,000,000")
    population.add_argument("--seed", type=int, default=SEED, metavar="N", help="số gieo · the population's seed")
    where = population.add_mutually_exclusive_group(required=True)
    where.add_argument("--csv", type=Path, metavar="FILE", help=".csv, .csv.gz")
    where.add_argument("--database", metavar="DSN", help="CSDL trống · an empty database; tables and units are made")
    population.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="cùng lúc · at once"
    )
    population.set_defaults(act=_population)
    worlds = acts.add_parser("worlds", help="các môi trường có sẵn · the worlds that are shipped")
    worlds.set_defaults(act=_worlds)
    return parser


def _worlds(_options: argparse.Namespace) -> int:
    for name in shipped():
        plan = load_plan(name)
        print(f"{name:<24} {plan.vi}  · {plan.en}")
    return 0


def _person(options: argparse.Namespace) -> int:
    row = Population(options.seed, options.people).sample().full
    asked = {"SoDinhDanh": row.personal_number, "HoVaTen": row.full_name, "NgayThangNamSinh": birth_of(row)}
    print(json.dumps(asked, ensure_ascii=False))
    return 0


def _citizen(options: argparse.Namespace) -> int:
    try:
        question = sys.stdin.buffer.read() if options.input == "-" else Path(options.input).read_bytes()
        say(question, options.code, DECISIONS[options.decision])
    except OSError as error:
        raise WorldError(f"{options.input}: không đọc được · cannot be read: {error.strerror}") from None
    except NotDone as error:
        print(error, file=sys.stderr)
        return NOT_DONE
    print(SAID[DECISIONS[options.decision]])
    return 0


def _population(options: argparse.Namespace) -> int:
    try:
        people = Population(options.seed, options.people)
    except ValueError as error:
        raise WorldError(str(error)) from None
    bar, began = Bar(options.people), time.monotonic()
    try:
        if options.csv is not None:
            count = write_csv(options.csv, people, processes=options.processes, tell=bar)
        else:
            asyncio.run(prepare(options.database))
            count = load(options.database, people, processes=options.processes)
    except OSError as error:
        raise WorldError(f"không ghi được · cannot be written: {error.strerror or type(error).__name__}") from error
    except asyncpg.PostgresError as error:
        raise WorldError(f"cơ sở dữ liệu từ chối · the database refused: {type(error).__name__}") from error
    finally:
        bar.end()
    took = time.monotonic() - began
    print(json.dumps({"people": count, "seconds": round(took, 1), "people_per_second": round(count / max(took, 1e-3))}))
    return 0


def _demo(options: argparse.Namespace) -> int:
    return Demo(
        people=options.people,
        seed=options.seed,
        world=options.world,
        port=options.port,
        portal_port=options.portal_port,
        once=options.once,
        told=not options.no_story,
    ).run()


if __name__ == "__main__":
    sys.exit(main())
