"""A database as C06 has one already: a small stand-in that answers service 037 in SOAP, well or badly.

It shares no line with the registry that asks it but what a register's person is: questions are read with lxml, answers
written by hand in the flat form, names whole and in capitals. `mood` is how it behaves; existing_moods.py has the bad
ones.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

from aiohttp import web
from lxml import etree

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.names import key_exact, key_legacy
from ketnoi_registry.store.people import PersonRow, Place, Relative
from ketnoi_registry.store.units import Units
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.web import Listener
from ketnoi_testbed.existing_moods import MOODS, SLOW_SECONDS

WELL = "well"
_ASKED = "http://dancuquocgia.bca"
_CLOCKS_APART_MS = 300_000
_LIFE = {"alive": "0", "dead": "1", "missing": "2"}
_PLACES = {
    "NoiDangKyKhaiSinh": "birth_registration",
    "QueQuan": "hometown",
    "ThuongTru": "permanent_residence",
    "NoiOHienTai": "current_residence",
}
_RELATIVES = {"Cha": "father", "Me": "mother", "VoChong": "spouse", "NguoiDaiDien": "representative"}


class ExistingDatabase:
    """One such service, asked at PATH, and for yes or no (033) at CONFIRM_PATH.

    `tls` demands the registry's certificate, which besides proves `account` and `secret`.

    `asked` counts questions by mood, `most_at_once` those under way together, `connections` over which they came.
    Whoever sets `mood` to a key of MOODS, or back to "well", changes how the next question is answered; moods in
    `once` come first, one question each. Good answers take `delay` seconds longer.
    """

    PATH: Final = "/dancu/TraCuuThongTinCongDan"
    CONFIRM_PATH: Final = "/dancu/XacThucThongTinCongDan"

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext,
        clock: Clock,
        *,
        account: str,
        secret: str,
        day: date = date(2026, 1, 1),
    ) -> None:
        self.account, self.secret = account, secret
        self.mood = WELL
        self.once: list[str] = []
        self.delay = 0.0
        self.connections: set[object] = set()
        self.asked: Counter[str] = Counter()
        self.most_at_once = self._running = 0
        self._host, self._clock, self._day = host, clock, day
        self._units = Units([])
        self._people: dict[str, PersonRow] = {}
        self._holders: dict[str, list[str]] = {}
        application = web.Application(client_max_size=64 * 1024)
        application.router.add_post(self.PATH, self._answer)
        application.router.add_post(self.CONFIRM_PATH, self._answer)
        self._listener = Listener(application, host, port, tls=tls, drain=0.5)

    def take(self, people: Iterable[PersonRow], units: Units) -> None:
        """Have these people, whose places are told by this map."""
        self._units = units
        for row in people:
            self._people[row.personal_number] = row
            for old in row.old_id_numbers:
                self._holders.setdefault(old.number, []).append(row.personal_number)

    async def start(self) -> None:
        """Begin to answer. Raises OSError when the address cannot be bound."""
        await self._listener.start()

    async def stop(self) -> None:
        """Stop answering: from now on nobody can connect."""
        await self._listener.stop()

    @property
    def url(self) -> str:
        """Where it is asked."""
        return self.address + self.PATH

    @property
    def address(self) -> str:
        """`https://host:port`."""
        return f"https://{self._host}:{self._listener.port}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        mood = self.once.pop(0) if self.once else self.mood
        self.connections.add(request.transport and request.transport.get_extra_info("peername"))
        self.asked[mood] += 1
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        try:
            if not self._knows(request):
                raise web.HTTPUnauthorized
            message = etree.fromstring(await request.read())
            await asyncio.sleep(SLOW_SECONDS if mood == "slow" else self.delay)
            if mood in MOODS:
                return await MOODS[mood](request, [self.citizen(each) for each in self._people.values()])
            if request.path == self.CONFIRM_PATH:
                return web.Response(body=_confirmed(self._fits(_asked_of(message))), content_type="text/xml")
            found = self._find(_asked_of(message))
            return web.Response(body=collection([self.citizen(each) for each in found]), content_type="text/xml")
        finally:
            self._running -= 1

    def _knows(self, request: web.Request) -> bool:
        stamp = request.headers.get("Timestamp", "")
        apart = abs(int(stamp or 0) - self._clock.now().timestamp() * 1000)
        proof = hashlib.sha256(f"{self.address}{request.path}{self.account}{stamp}{self.secret}".encode()).hexdigest()
        right = "Basic " + base64.b64encode(f"{self.account}:{proof}".encode()).decode()
        return apart < _CLOCKS_APART_MS and request.headers.get("Authorization") == right

    def _fits(self, asked: dict[str, str]) -> bool:
        """Whether number, old number and name are one person's; accents count where the question has any."""
        row = self._people.get(asked.get("SoDinhDanh", ""))
        if row is None or asked.get("MaDichVu") != "033":
            return False
        key = key_legacy if asked["HoVaTen"].isascii() else key_exact
        old = asked.get("SoCMND", "")
        holders = self._holders.get(old, [])
        return key(asked["HoVaTen"]) == key(row.full_name) and (not old or row.personal_number in holders)

    def _find(self, asked: dict[str, str]) -> list[PersonRow]:
        """Nobody, or the one whose number, name and birth date are those of the question."""
        if asked.get("MaTichHop") != "037" or not asked.get("MaYeuCau"):
            return []
        birth = BirthDate.parse(asked.get("NgayThangNam") or asked["Nam"])
        number = asked.get("SoDinhDanh", "")
        numbers = [number] if number else self._holders.get(asked.get("SoCMND", ""), [])
        rows = [self._people[each] for each in numbers if each in self._people]
        found = [
            row
            for row in rows
            if key_legacy(row.full_name) == key_legacy(asked["HoVaTen"])
            and birth.matches(BirthDate(row.birth_year, row.birth_month, row.birth_day))
        ]
        return found if len(found) == 1 else []

    def citizen(self, row: PersonRow) -> str:
        """CongDan of one person."""
        old = row.old_id_numbers[-1].number if row.old_id_numbers else ""
        head = self._people.get(row.head_number or "")
        parts = [
            _text("SoDinhDanh", row.personal_number),
            _text("SoCMND", old),
            f"<ns1:HoVaTen><ns1:Ho/><ns1:ChuDem/>{_text('Ten', row.full_name.upper())}</ns1:HoVaTen>",
            _text("GioiTinh", str(row.sex)),
            _text("DanToc", row.ethnic_group),
            _text("TonGiao", row.religion),
            _text("TinhTrangHonNhan", str(row.marital_status)),
            _text("NhomMau", row.blood_group),
            f"<ns1:NgayThangNamSinh>{_birth(row)}</ns1:NgayThangNamSinh>",
            *(self._place(name, getattr(row, attribute)) for name, attribute in _PLACES.items()),
            _text("QuocTich", row.nationality),
            *(_relative(name, getattr(row, attribute)) for name, attribute in _RELATIVES.items()),
        ]
        if head is not None:
            held = head.old_id_numbers[-1].number if head.old_id_numbers else None
            shown = Relative(head.full_name, head.personal_number, held, head.nationality)
            parts.append(_relative("ChuHo", shown, _text("QuanHe", (row.relation_to_head or "").replace("QH", "CH"))))
        parts.append(f"<ns1:TinhTrangChetMatTich>{_life(row)}</ns1:TinhTrangChetMatTich>")
        return f"<ns1:CongDan>{''.join(parts)}</ns1:CongDan>"

    def _place(self, name: str, place: Place | None) -> str:
        if place is None:
            return ""
        units = self._units.line_on(self._day, place)
        codes = {"MaTinhThanh": "province", "MaQuanHuyen": "district", "MaPhuongXa": "commune"}
        told = [_text(element, units[level].code) for element, level in codes.items() if level in units]
        return (
            f"<ns1:{name}>{''.join(told)}{_text('ChiTiet', place.detail)}{_text('QuocGia', place.country)}</ns1:{name}>"
        )


def collection(citizens: list[str]) -> bytes:
    """The answer's envelope around these."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        '<ns1:CongdanCollection xmlns:ns1="http://www.mic.gov.vn/dancu/1.0">'
        f"{''.join(citizens)}</ns1:CongdanCollection></S:Body></S:Envelope>"
    ).encode()


def _asked_of(message: etree._Element) -> dict[str, str]:
    return {etree.QName(each).localname: (each.text or "").strip() for each in message.iter(f"{{{_ASKED}}}*")}


def _confirmed(exists: bool) -> bytes:
    return (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        f'<KetQuaXacThucResponse xmlns="{_ASKED}"><TonTai>{int(exists)}</TonTai></KetQuaXacThucResponse>'
        "</S:Body></S:Envelope>"
    ).encode()


def _text(name: str, value: str) -> str:
    return f"<ns1:{name}>{escape(value)}</ns1:{name}>" if value else f"<ns1:{name}/>"


def _birth(row: PersonRow) -> str:
    birth = BirthDate(row.birth_year, row.birth_month, row.birth_day)
    return _text("Nam", f"{birth.year:04}") + (_text("NgayThangNam", birth.compact) if birth.day is not None else "")


def _life(row: PersonRow) -> str:
    since = row.life_status_since
    return _text("TinhTrang", _LIFE[row.life_status]) + (_text("TuNgay", since.isoformat()) if since else "")


def _relative(name: str, relative: Relative | None, more: str = "") -> str:
    if relative is None:
        return ""
    told = (
        _text("HoVaTen", relative.full_name.upper())
        + _text("QuocTich", relative.nationality)
        + _text("SoDinhDanh", relative.personal_number or "")
        + _text("SoCMND", relative.old_id_number or "")
    )
    return f"<ns1:{name}>{more}{told}</ns1:{name}>"
