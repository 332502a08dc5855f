"""A browser without scripts: cookies, forms with their tokens, redirects followed."""

from __future__ import annotations

import re
from html import unescape
from typing import Self

import httpx2

from .people import Person, Phone, octets, text

_VALUE = re.compile(r'name="value" value="([^"]+)"')
PASSCODE = "407193"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """One person's browser. A context manager."""

    def __init__(self, url: str) -> None:
        self.client = httpx2.Client(base_url=url, follow_redirects=True, trust_env=False, timeout=30)
        self.answer: httpx2.Response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def text(self) -> str:
        """What the page says, with its markup."""
        return unescape(self.answer.text)

    def go(self, address: str) -> Self:
        """To a page."""
        self.answer = self.client.get(address)
        return self

    def send(self, address: str, **values: str) -> Self:
        """Send a form of the present page to an address."""
        found = _TOKEN.search(self.answer.text)
        assert found is not None, "the page has no form"
        self.answer = self.client.post(
            address, data={"csrfmiddlewaretoken": found[1]} | values, headers={"Referer": str(self.answer.url)}
        )
        return self

    def sees(self, status: int, *texts: str) -> Self:
        """The page has this status and says these things."""
        assert self.answer.status_code == status, f"{self.answer.status_code} {self.answer.url}"
        page = self.text
        for each in texts:
            assert each in page, f"{each!r} is not on {self.answer.url}"
        return self

    def is_led_to(self, path: str, *texts: str) -> Self:
        """What was sent led to this page, which may be read again, and says these things."""
        assert self.answer.history, f"{self.answer.status_code}: nobody was led away from {self.answer.url}"
        assert self.answer.url.path == path
        return self.sees(200, *texts)

    # What somebody with a phone does

    @property
    def value(self) -> str:
        """What the page asks to be signed."""
        found = _VALUE.search(self.answer.text)
        assert found is not None, f"{self.answer.status_code}: the page asks for no proof"
        return found[1]

    def prove(self, address: str, phone: Phone, passcode: str, **values: str) -> Self:
        """Send a form with the proof that the page asks for: a passcode, and the phone's signature."""
        value = self.value
        signature = text(phone.sign(octets(value)))
        told = {"value": value, "device": phone.id, "signature": signature, "passcode": passcode, "credential": ""}
        return self.send(address, **told | values)

    def enrol(self, address: str, phone: Phone, passcode: str, again: str = "") -> Self:
        """Send the form by which a phone is taken."""
        value = self.value
        told = {
            "new_key": "1",
            "value": value,
            "device": phone.id,
            "public_key": text(phone.public_key),
            "signature": text(phone.sign(octets(value))),
            "passcode": passcode,
            "again": again or passcode,
        }
        return self.send(address, **told)

    def tell_who(self, person: Person, address: str = "/dang-ky/", **values: str) -> Self:
        """Fill in who one is."""
        told = {"personal_number": person.number, "name": person.name, "birth": person.birth}
        return self.go(address).send(address, **told | values)

    def accept(self, address: str = "/dang-ky/dieu-khoan/", **values: str) -> Self:
        """Tick the box below the terms."""
        found = re.search(r'name="version" value="([^"]+)"', self.answer.text)
        assert found is not None, "the page shows no terms"
        return self.send(address, version=found[1], accepted="yes", **values)

    def register(self, person: Person, passcode: str = PASSCODE) -> Phone:
        """The whole of it; the phone that one then has."""
        phone = Phone()
        self.tell_who(person).sees(200).accept().sees(200).enrol("/dang-ky/khoa/", phone, passcode)
        assert str(self.answer.url).endswith("/tai-khoan/?moi=1"), self.text
        return phone

    def sign_in(self, phone: Phone, passcode: str = PASSCODE, to: str = "/tai-khoan/") -> Self:
        """Sign in by passcode."""
        return self.go(f"/dang-nhap/?next={to}").prove("/dang-nhap/", phone, passcode, next=to)

    def confirm(self, address: str, phone: Phone, passcode: str = PASSCODE, **values: str) -> Self:
        """Open a page that wants a proof, and give it."""
        return self.go(address).prove(address, phone, passcode, **values)
