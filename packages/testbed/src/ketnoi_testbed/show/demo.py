"""The demo: everything comes up, its stories are told in the terminal, and it stays up until somebody ends it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg

from ketnoi_testbed.citizens import NotDone
from ketnoi_testbed.country import Country
from ketnoi_testbed.desk import Desk
from ketnoi_testbed.show.board import Board
from ketnoi_testbed.show.citizen_story import CODE, CitizenStory
from ketnoi_testbed.show.inspector import Inspector
from ketnoi_testbed.show.portal_story import PortalStory
from ketnoi_testbed.show.story import Storyteller
from ketnoi_testbed.show.terminal import DIM, GREEN, RED, Terminal
from ketnoi_testbed.surroundings import Pace
from ketnoi_testbed.visitor import CARDS
from ketnoi_testbed.world import World

WENT_WRONG = 1
PAGE_PORT, PORTAL_PORT = 8000, 8001
DESK_SECONDS = 1.0
# The country's own pace where it is bearable to wait for it; OCSP is asked often, so that a laptop that has slept
# recovers within half a minute.
PACE = Pace(publish=10.0, fetch=2.0, directory=10.0, poll_directory=5.0, ocsp=20.0, timestamp=10.0)


class Demo:
    """One run. `world` names a single world; without one it is the country with its portal."""

    def __init__(
        self, *, people: int, seed: int | None, world: str, port: int, portal_port: int, once: bool, told: bool
    ) -> None:
        self.out = Terminal()
        self.seconds = _since_start()
        self._port, self._once, self._told = port, once, told
        self._ended, self._waiting = threading.Event(), threading.Event()
        self._country: Country | None = None
        self._desk: Desk | None = None
        if world:
            self._world = World(world, people=people, seed=seed, pace=PACE, progress=self._progress)
        else:
            self._country = Country(
                people=people, seed=seed, pace=PACE, port=portal_port, staged=True, progress=self._progress
            )
            self._world = self._country.test

    def run(self) -> int:
        """The exit status. Raises what bringing it up raises."""
        out = self.out
        out.heading(
            "KẾT NỐI — môi trường thử nghiệm. Mọi người trong này đều không có thật.",
            "Ketnoi's test bed. Nobody in it exists. Its authority is named Unsafe: never for production.",
        )
        out.line()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._interrupt())
        try:
            with ExitStack() as stack:
                return self._run(stack)
        except KeyboardInterrupt:
            out.both("Đã dừng.", "stopped")
            return WENT_WRONG

    def _run(self, stack: ExitStack) -> int:
        world, country = self._world, self._country
        stack.enter_context(country or world)
        board = Board()
        world.listen(board.told)
        inspector = self._inspector(board)
        stack.callback(lambda: world.run(inspector.stop()))
        status = self._tell(board, inspector)
        if not self._once:
            self._invite(inspector)
            self._wait()
            self.out.both("Đang dừng, xóa mọi thứ đã ghi…", "stopping, removing everything that was written")
        return status

    def _tell(self, board: Board, inspector: Inspector) -> int:
        """The stories, each as soon as what it needs is there."""
        out, country = self.out, self._country
        try:
            if self._told:
                self._look_up(board)
                self._agree()
            if country is not None:
                out.line()
                country.complete()
                inspector.portal = country.portal.url + CARDS
                if self._told:
                    PortalStory(country, out).tell()
        except Exception as error:
            out.line()
            logging.getLogger("ketnoi_testbed.demo").exception("the story ends")
            out.both(
                f"✗ Câu chuyện dừng ở đây: {type(error).__name__}: {error}",
                f"the story ends here; what the servers said is in {self._world.folder / 'world.log'}",
                colour=RED,
            )
            return WENT_WRONG
        return 0

    def _look_up(self, board: Board) -> None:
        teller = Storyteller(self._world, board, self.out, self.seconds)
        teller.tell()
        self.out.line()
        self.out.both(
            f"✓ Câu trả lời đầu tiên đã được kiểm tra sau {teller.first_answer:.1f} s"
            f" ({self._world.population.people} người), bằng chứng sau {teller.first_proof:.1f} s",
            f"first verified answer after {teller.first_answer:.1f} s, its evidence after {teller.first_proof:.1f} s",
            colour=GREEN,
        )

    def _agree(self) -> None:
        """The citizen's story, where the world has the identity system."""
        if self._world.plan.identity:
            # First the pages: the address that the story prints is one to be opened.
            self._world.run(self._world.identity.open_pages())
            CitizenStory(self._world, self.out).tell()

    def _inspector(self, board: Board) -> Inspector:
        inspector = Inspector(self._world, board, self._port)
        try:
            self._world.run(inspector.start())
        except OSError:
            inspector = Inspector(self._world, board)
            self._world.run(inspector.start())
        return inspector

    def _invite(self, inspector: Inspector) -> None:
        out, world = self.out, self._world
        self._waiting.set()
        out.heading("Môi trường vẫn chạy. Ctrl-C để dừng.", "The world stays up. Ctrl-C ends it.")
        out.both(f"  trang theo dõi: {inspector.url}", "watch the messages go")
        if self._country is not None:
            out.both(f"  cổng đăng ký kết nối: {self._country.portal.url}{CARDS}", "the portal: a card for everybody")
        command = Path(sys.argv[0]).with_name("ketnoi")
        ketnoi = str(command) if command.exists() else "ketnoi"
        if world.plan.identity:
            world.run(world.identity.open_pages())
            story = CitizenStory(world, out)
            self._desk = story.open_desk()
            story.invite(str(world.agency_file(CODE)), ketnoi, sys.argv[0])
        for side in world.registered_agencies:
            out.both(f"  {side.part.code}, {side.part.vi}: {side.settings}", "settings for the command ketnoi")
        file = world.registered_agencies[0].settings
        out.line(f"    {ketnoi} doctor --settings {file}")
        population = world.population
        asked = f"{sys.argv[0]} person --seed {population.seed} --people {population.people}"
        out.line(f"    {asked} | {ketnoi} look-up --settings {file} --input -")

    def _wait(self) -> None:
        """Until somebody ends it; meanwhile the police desk attests whoever registers."""
        while not self._ended.wait(DESK_SECONDS):
            try:
                attested = self._desk.attest_whoever_waits() if self._desk is not None else 0
            except (psycopg.Error, NotDone):
                logging.getLogger("ketnoi_testbed.demo").exception("the desk cannot attest")
                continue
            for _ in range(attested):
                self.out.both("  công an xã (giả định) xác nhận một tài khoản: mức 2", "the desk attests an account")

    def _interrupt(self) -> None:
        """The first signal ends the waiting, or whatever comes before it."""
        if self._ended.is_set():
            return
        self._ended.set()
        if not self._waiting.is_set():
            raise KeyboardInterrupt

    def _progress(self, vi: str, en: str) -> None:
        self.out.line(f"  {self.seconds():6.1f} s  {vi}  {self.out.painted('· ' + en, DIM)}")


def _since_start() -> Callable[[], float]:
    """A function that gives the seconds since this process began, imports included."""
    before = time.monotonic()
    try:
        began = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        before -= float(Path("/proc/uptime").read_text().split()[0]) - began
    except (OSError, ValueError, IndexError):
        pass
    return lambda: time.monotonic() - before
