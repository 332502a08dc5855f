"""The citizen's page that lists who looked: 1,000 looks, read page by page as a signed-in browser reads them.

In a rehearsal each answer tells how long the server took and how many statements the pages made (`Server-Timing`); the
registry makes three more for each page, of which one writes the log (packages/registry/tests/test_looks.py counts
them).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final

import asyncpg
import httpx2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ketnoi_registry.access_log import Pseudonyms
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.cards import Cards
from ketnoi_testbed.citizens import Citizen, Citizens
from ketnoi_testbed.world import World

LOOKS, PER_PAGE = 1_000, 50
OF_THE_REGISTRY: Final = 3
AGENCY: Final = "H55"

_OLDER = re.compile(r'href="(\?truoc=[0-9.]+)"')
_TIMING = re.compile(r'total;dur=([0-9.]+), db;desc="([0-9]+)"')
_HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|value)" value="([^"]+)"')
# The look that an agency has made, many times: by different agencies, as in a life.
_MANY = """
INSERT INTO access_log (logged_at, node_id, subject_key_id, subject_pseudonym, subject_role, instance, consumer,
    integration_account, unit, officer, officer_identity, procedure_code, system, service, message_id, result_code,
    released_fields)
SELECT logged_at - n * interval '1 millisecond', node_id, subject_key_id, subject_pseudonym, subject_role, instance,
    consumer, integration_account, unit, officer, officer_identity, procedure_code, system, service, message_id || n,
    result_code, released_fields
FROM access_log, generate_series(1, $2) AS n WHERE subject_pseudonym = $1 AND service = 'look_up_citizen'
"""


def citizen_page(seconds: float, people: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Medians of the server's time for a page and for the start page, and the most statements that any page took, the
    registry's too."""
    tell(f"a world of {people:,} people, one of whom was looked at {LOOKS:,} times")
    with World("identity", people=people) as world:
        world.run(world.identity.open_pages())
        citizens = Citizens.of(world)
        citizen = citizens.enrol(world.people.full)
        Cards(world, citizens).attest(citizen)
        world.agency(AGENCY).look_up_citizen(person_of(citizen.row))
        world.run(_look_often(world, citizen))
        took: list[float] = []
        starts: list[float] = []
        statements = 0
        with httpx2.Client(base_url=world.identity.url, follow_redirects=True, trust_env=False, timeout=30) as browser:
            _sign_in(browser, citizen)
            tell(f"its pages, {seconds:.0f} s")
            end = perf_counter() + seconds
            while perf_counter() < end:
                pages = _walk(browser)
                took += [milliseconds for milliseconds, _ in pages]
                starts.append(_read(browser, "/")[1])
                statements = max(statements, *(made for _, made in pages))
    return {
        "citizen_page_p50_ms": median(took),
        "start_page_p50_ms": median(starts),
        "citizen_page_queries": statements + OF_THE_REGISTRY,
    }


async def _look_often(world: World, citizen: Citizen) -> None:
    settings = world.registry.settings
    pseudonym = Pseudonyms.read(settings.path(settings.pseudonym_keys)).of_person(citizen.row.personal_number)
    connection = await asyncpg.connect(world.registry.database)
    try:
        await connection.execute(_MANY, pseudonym, LOOKS - 1)
    finally:
        await connection.close()


def _sign_in(browser: httpx2.Client, citizen: Citizen) -> None:
    """With the passcode and the phone's key, as the page's script does it."""
    page = browser.get("/dang-nhap/")
    hidden = dict(_HIDDEN.findall(page.text))
    octets = base64.urlsafe_b64decode(hidden["value"] + "=" * (-len(hidden["value"]) % 4))
    r, s = decode_dss_signature(citizen.key.sign(octets, ec.ECDSA(SHA256())))
    signature = base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=").decode()
    told = {"device": str(citizen.phone), "signature": signature, "passcode": citizen.passcode, "next": "/"}
    answer = browser.post("/dang-nhap/", data=hidden | told, headers={"Referer": str(page.url)})
    if answer.status_code != 200:
        raise SystemExit(f"the citizen could not sign in: {answer.status_code}")


def _walk(browser: httpx2.Client) -> list[tuple[float, int]]:
    """Every page of the list: the server's milliseconds and the statements of each."""
    address, found, looks = "/luot-xem/", [], 0
    while address:
        text, milliseconds, statements = _read(browser, address)
        found.append((milliseconds, statements))
        looks += text.count("<h3>")
        older = _OLDER.search(text)
        address = f"/luot-xem/{older[1]}" if older else ""
    if (looks, len(found)) != (LOOKS, LOOKS // PER_PAGE):
        raise SystemExit(f"{looks} looks stand on {len(found)} pages")
    return found


def _read(browser: httpx2.Client, address: str) -> tuple[str, float, int]:
    """A page, the server's milliseconds for it and its statements."""
    page = browser.get(address)
    timing = _TIMING.search(page.headers.get("Server-Timing", ""))
    if page.status_code != 200 or timing is None:
        raise SystemExit(f"the page could not be read: {page.status_code}")
    return page.text, float(timing[1]), int(timing[2])
