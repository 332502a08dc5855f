"""A whole country on one machine: the test and the production environment side by side, and the portal over both.

    with Country() as country:
        country.portal.url                      # pages, with a sign-in card for everybody
        country.test.agency("H55").look_up_citizen(…)
        country.production.agency("H38")…       # once the portal has opened production to it

What C06's servers and registries open is decided in the portal and nowhere else; what was open before the portal came
(the two agencies of `two_platforms`, connected for years) is what it finds there.
"""

from __future__ import annotations

import contextlib
import secrets
import smtplib
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from types import TracebackType
from typing import Final, Self

from ketnoi_protocol.services import Environment, System
from ketnoi_testbed.dovecot import Dovecot
from ketnoi_testbed.parts.portal import PortalPart
from ketnoi_testbed.parts.post import PostOffice
from ketnoi_testbed.parts.premises import HOST, free_port
from ketnoi_testbed.postgres import Postgres
from ketnoi_testbed.surroundings import Pace
from ketnoi_testbed.world import Progress, World

TEST, PRODUCTION = "country_test", "country_production"
MAILBOXES: Final = {
    System.POPULATION: "ket-noi-dan-cu@c06.example",
    System.IDENTITY: "ket-noi-dinh-danh@c06.example",
}
"""C06's mailboxes of this country; the guidance's own are real, and nothing here ever writes to them."""
READY_SECONDS = 300.0


class Country:
    """Both environments and the portal.

    `people` live in the test environment, `production_people` in the other. The portal answers on `port` of 127.0.0.1;
    another one is taken when that is not free, or none is named. With `staged` only the test environment comes up at
    first, under a directory of its own; `complete` brings the rest, and hands the directory over to the portal.
    """

    portal: PortalPart
    post: PostOffice
    imap: Dovecot

    def __init__(
        self,
        *,
        people: int | None = None,
        production_people: int = 2_000,
        seed: int | None = None,
        pace: Pace | None = None,
        postgres: Postgres | None = None,
        durable: bool = True,
        port: int = 0,
        staged: bool = False,
        progress: Progress = lambda vi, en: None,
    ) -> None:
        self._own = Postgres(durable=durable, max_connections=400) if postgres is None else None
        self._port, self._staged, self._progress = port, staged, progress
        shared = postgres or self._own
        self._postgres = shared
        self.test = World(
            TEST,
            people=people,
            seed=seed,
            pace=pace,
            postgres=shared,
            progress=progress,
            directory="own" if staged else "portal",
        )
        self.production = World(
            PRODUCTION, people=production_people, seed=seed, pace=pace, postgres=shared, directory="portal"
        )
        self._stack = contextlib.ExitStack()

    @property
    def worlds(self) -> dict[Environment, World]:
        """Both environments."""
        return {each.plan.environment: each for each in (self.test, self.production)}

    def sign(self, pdf: bytes, signer: str, organisation: str) -> bytes:
        """A paper as somebody signs it outside the portal, with a certificate of the test environment's authority."""
        # Only whoever signs pays for loading it.
        from ketnoi_portal.papers.signing import sign

        authority = self.test.authority.ca
        key, at = authority.key_pem + authority.pem, self.test.clock.now()
        # On a thread of its own: signing runs a loop, and whoever asks may be in one.
        with ThreadPoolExecutor(1) as hand:
            return hand.submit(sign, pdf, key, signer, organisation, at).result()

    def __enter__(self) -> Self:
        with self._stack:
            self._begin()
            if not self._staged:
                self.complete()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _begin(self) -> None:
        """The test environment, and what of the portal its directory needs."""
        stack = self._stack
        if self._own is not None:
            self._progress("Cơ sở dữ liệu PostgreSQL riêng", "a private PostgreSQL")
            stack.callback(self._own.remove)
            self._own.start()
        assert self._postgres is not None
        self.portal = portal = PortalPart(self._postgres.create_database(), HOST, free_port(self._port))
        stack.callback(portal.remove)
        if self._staged:
            self._enter_test()
            return
        self._open_post()
        # The portal's database and directory are made while the people of the test environment are, beside them.
        with ThreadPoolExecutor(1) as beside:
            published = beside.submit(self._publish_test)
            self._enter_test()
            published.result()

    def _open_post(self) -> None:
        """Letters go by SMTP into everybody's Maildir; C06's two are served over IMAP to the portal's mailroom."""
        portal = self.portal
        words = {address: secrets.token_urlsafe(24) for address in MAILBOXES.values()}
        self.imap = imap = Dovecot(words)
        self._stack.callback(imap.remove)
        imap.start()
        self.post = PostOffice(imap.letters, HOST, free_port(), owner=imap.owner)
        self.post.start()
        self._stack.callback(self.post.stop)
        portal.send_mail_through(*self.post.address)
        for system, address in MAILBOXES.items():
            portal.read_mailbox(system, address, words[address], imap.host, imap.port, imap.certificate.read_bytes())

    def write(self, letter: EmailMessage, sender: str) -> None:
        """Somebody sends a letter."""
        with smtplib.SMTP(*self.post.address, timeout=60) as client:
            client.send_message(letter, from_addr=sender)

    def _enter_test(self) -> None:
        test, portal = self.test, self.portal
        self._stack.enter_context(test)
        self._stack.callback(lambda: test.run(portal.stop()))

    def _publish_test(self) -> None:
        portal, test = self.portal, self.test
        portal.prepare()
        test.founded.result(READY_SECONDS)
        portal.believe_signatures(test.authority.ca)
        test.run(portal.meet(test))
        if self._staged:
            test.run(test.hand_directory_over())
        test.run(portal.start_publisher(Environment.TEST))
        self._progress("Danh bạ đã ký của cổng", "the portal's signed directory")

    def complete(self) -> None:
        """The production environment, the portal's pages and its worker."""
        portal, production = self.portal, self.production
        if self._staged:
            self._open_post()
        with ThreadPoolExecutor(1) as beside:
            furnished = beside.submit(self._furnish)
            self._stack.enter_context(production)
            self._progress("Môi trường chính thức (diễn tập)", "the production environment, rehearsed")
            furnished.result()
        production.run(portal.meet(production))
        self.test.run(portal.start_publisher(Environment.PRODUCTION))
        self.test.run(portal.start())
        self._progress(f"Cổng đăng ký kết nối: {portal.url}", "the portal")

    def _furnish(self) -> None:
        if self._staged:
            self._publish_test()
        self.portal.furnish()
