"""The command `ketnoi-testbed`.

    ketnoi-testbed demo [--once] [--people N] [--world NAME] [--port N]
    ketnoi-testbed person [--people N]     a question about somebody in it, for `ketnoi look-up --input -`
    ketnoi-testbed worlds

Exit status: 0 the story was told to its end, 1 something went wrong in it, 2 the world could not be brought up.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.parts.premises import NoRoom
from ketnoi_testbed.plan import DEFAULT, WorldError, load, shipped
from ketnoi_testbed.population import Population
from ketnoi_testbed.postgres import PostgresError
from ketnoi_testbed.show.board import Board
from ketnoi_testbed.show.inspector import Inspector
from ketnoi_testbed.show.story import Storyteller
from ketnoi_testbed.show.terminal import DIM, GREEN, RED, Terminal
from ketnoi_testbed.surroundings import Pace
from ketnoi_testbed.world import World

WENT_WRONG, UNUSABLE = 1, 2
PEOPLE, SEED = 100_000, 2026
PAGE_PORT = 8000
# The country's own pace where it is bearable to wait for it; OCSP is asked often, so that a laptop that has slept
# recovers within half a minute.
DEMO_PACE = Pace(publish=10.0, fetch=2.0, directory=10.0, poll_directory=5.0, ocsp=20.0, timestamp=10.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.act(options))
    except (WorldError, PostgresError, NoRoom) as error:
        print(error, file=sys.stderr)
        return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ketnoi-testbed", description="môi trường thử nghiệm · the test bed")
    acts = parser.add_subparsers(required=True, metavar="…")
    demo = acts.add_parser("demo", help="dựng cả đất nước và kể một lần tra cứu · bring it all up and tell a look-up")
    demo.add_argument("--once", action="store_true", help="kể xong thì dừng · tell the story and end")
    demo.add_argument("--people", type=int, default=PEOPLE, metavar="N", help="số người giả định · invented people")
    demo.add_argument("--seed", type=int, metavar="N", help="số gieo của dân số · the population's seed")
    demo.add_argument("--world", default=DEFAULT, metavar="NAME", help="tên hoặc tệp · the name of a world, or a file")
    demo.add_argument("--port", type=int, default=PAGE_PORT, metavar="N", help="cổng của trang theo dõi · the page's")
    demo.add_argument("--no-story", action="store_true", help="chỉ dựng · bring it up only")
    demo.set_defaults(act=_demo)
    person = acts.add_parser("person", help="một câu hỏi về một người giả định · a question about an invented person")
    person.add_argument("--people", type=int, default=PEOPLE, metavar="N", help="như khi dựng · as when brought up")
    person.add_argument("--seed", type=int, default=SEED, metavar="N", help="như khi dựng · as when brought up")
    person.set_defaults(act=_person)
    worlds = acts.add_parser("worlds", help="các môi trường có sẵn · the worlds that are shipped")
    worlds.set_defaults(act=_worlds)
    return parser


def _worlds(_options: argparse.Namespace) -> int:
    for name in shipped():
        plan = load(name)
        print(f"{name:<24} {plan.vi}  · {plan.en}")
    return 0


def _person(options: argparse.Namespace) -> int:
    row = Population(options.seed, options.people).sample().full
    asked = {"SoDinhDanh": row.personal_number, "HoVaTen": row.full_name, "NgayThangNamSinh": birth_of(row)}
    print(json.dumps(asked, ensure_ascii=False))
    return 0


def _demo(options: argparse.Namespace) -> int:
    out = Terminal()
    seconds = _since_start()
    out.heading(
        "KẾT NỐI — môi trường thử nghiệm. Mọi người trong này đều không có thật.",
        "Ketnoi's test bed. Nobody in it exists. Its authority is named Unsafe: never for production.",
    )
    out.line()
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _interrupt(told))
    world = World(
        options.world,
        people=options.people,
        seed=options.seed,
        pace=DEMO_PACE,
        progress=lambda vi, en: out.line(f"  {seconds():6.1f} s  {vi}  {out.painted('· ' + en, DIM)}"),
    )
    try:
        with ExitStack() as stack:
            stack.enter_context(world)
            out.both(
                f"mọi thứ được ghi trong {world.folder}, chỉ bạn đọc được, xóa khi kết thúc",
                "all that is written lies there, for you alone to read, and is removed at the end",
                indent=2,
            )
            board = Board()
            world.listen(board.told)
            inspector = _inspector(world, board, options.port)
            stack.callback(lambda: world.run(inspector.stop()))
            status = 0 if options.no_story else _tell(world, board, out, seconds)
            if not options.once:
                _invite(world, inspector, out)
                told.wait()
                out.both("Đang dừng, xóa mọi thứ đã ghi…", "stopping, removing everything that was written")
            return status
    except KeyboardInterrupt:
        out.both("Đã dừng.", "stopped")
        return WENT_WRONG


def _interrupt(told: threading.Event) -> None:
    """The first signal ends the waiting, or whatever comes before it."""
    if told.is_set():
        return
    told.set()
    if not _waiting.is_set():
        raise KeyboardInterrupt


_waiting = threading.Event()


def _tell(world: World, board: Board, out: Terminal, seconds: Callable[[], float]) -> int:
    teller = Storyteller(world, board, out, seconds)
    try:
        teller.tell()
    except Exception as error:
        out.line()
        out.both(
            f"✗ Câu chuyện dừng ở đây: {type(error).__name__}: {error}",
            f"the story ends here; what the servers said is in {world.folder / 'world.log'}",
            colour=RED,
        )
        return WENT_WRONG
    out.line()
    out.both(
        f"✓ Câu trả lời đầu tiên đã được kiểm tra sau {teller.first_answer:.1f} s"
        f" ({world.population.people} người), bằng chứng sau {teller.first_proof:.1f} s",
        f"first verified answer after {teller.first_answer:.1f} s, its evidence after {teller.first_proof:.1f} s",
        colour=GREEN,
    )
    return 0


def _inspector(world: World, board: Board, port: int) -> Inspector:
    inspector = Inspector(world, board, port)
    try:
        world.run(inspector.start())
    except OSError:
        inspector = Inspector(world, board)
        world.run(inspector.start())
    return inspector


def _invite(world: World, inspector: Inspector, out: Terminal) -> None:
    _waiting.set()
    out.heading("Môi trường vẫn chạy. Ctrl-C để dừng.", "The world stays up. Ctrl-C ends it.")
    out.both(f"  trang theo dõi: {inspector.url}", "watch the messages go")
    for code, side in world.agencies.items():
        out.both(f"  {code}, {side.part.vi}: {side.settings}", "settings for the command ketnoi")
    command = Path(sys.argv[0]).with_name("ketnoi")
    ketnoi = str(command) if command.exists() else "ketnoi"
    file = next(iter(world.agencies.values())).settings
    out.line(f"    {ketnoi} doctor --settings {file}")
    population = world.population
    asked = f"{sys.argv[0]} person --seed {population.seed} --people {population.people}"
    out.line(f"    {asked} | {ketnoi} look-up --settings {file} --input -")


def _since_start() -> Callable[[], float]:
    """A function that gives the seconds since this process began, imports included."""
    before = time.monotonic()
    try:
        began = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        before -= float(Path("/proc/uptime").read_text().split()[0]) - began
    except (OSError, ValueError, IndexError):
        pass
    return lambda: time.monotonic() - before


if __name__ == "__main__":
    sys.exit(main())
