"""The way of one officer's account over the desks, taken over the portal's pages by the people whose acts they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ketnoi_protocol.services import Service
from ketnoi_testbed.browsers import Browsers
from ketnoi_testbed.visitor import Page, Upload, Visitor

CODE: Final = re.compile(r"[GH][0-9.]+\.CB\.[0-9]+")
_KEY = re.compile(r"/can-bo/([0-9a-f-]{36})/")


class AccountWalk(Browsers):
    """Accounts of one country, over their owners' browsers."""

    def signed(self, visitor: Visitor, address: str, signer: str, organisation: str) -> Upload:
        """The form at an address, signed outside the portal."""
        pdf = visitor.open(address).content
        return "cam-ket.pdf", self.country.sign(pdf, signer, organisation), "application/pdf"

    def hand_in_unit_commitment(self, name: str, code: str, organisation: str) -> Page:
        """A unit's representative signs the unit's own commitment and hands it in."""
        visitor, address = self.of(name), f"/can-bo/cam-ket/{code}/"
        paper = self.signed(visitor, f"{address}mau.pdf", name, organisation)
        return visitor.open(address).form("/nop/").send(files={"file": paper})

    def accept_unit_commitment(self, name: str, code: str) -> Page:
        """The desk that manages the unit accepts it."""
        return self.of(name).open(f"/can-bo/cam-ket/{code}/").form("/accept_unit_commitment/").send()

    def request(self, name: str, unit: str, officer: str, email: str, services: Sequence[Service]) -> str:
        """A representative asks for an account; its key."""
        told = {
            "unit": unit,
            "full_name": officer,
            "position": "Công chức một cửa",
            "email": email,
            "services": [str(each) for each in services],
        }
        page = self.of(name).open("/can-bo/de-nghi/").form("full_name").send(told)
        found = _KEY.search(page.url)
        assert found is not None, page.text
        return found[1]

    def commit(self, name: str, key: str, officer: str, organisation: str) -> Page:
        """The officer signs the personal commitment, and the representative hands it in."""
        visitor, address = self.of(name), f"/can-bo/{key}/"
        paper = self.signed(visitor, f"{address}cam-ket/mau.pdf", officer, organisation)
        return visitor.open(address).form("/cam-ket/nop/").send(files={"file": paper})

    def hand_over(self, name: str, *keys: str) -> Page:
        """The representative hands requests over to the first desk of their route."""
        return self.of(name).open("/can-bo/cua-don-vi/").form("/de-nghi/gui/").send({"account": list(keys)})

    def pass_on(self, name: str, act: str, *keys: str) -> Page:
        """A desk does one thing with waiting accounts: `accept_commitment`, `forward` or `create`."""
        return self.of(name).open("/can-bo/cho-xu-ly/").form("/lam/").send({"account": list(keys)}, button=act)

    def activate(self, officer: str) -> str:
        """The officer activates the account; its code (MaCanBo)."""
        page = self.of(officer).open("/can-bo/cua-toi/").form("/activate/").send()
        found = CODE.search(page.text)
        assert found is not None, page.text
        return found[0]

    def page(self, name: str, key: str) -> Page:
        """The account as somebody sees it."""
        return self.of(name).open(f"/can-bo/{key}/")
