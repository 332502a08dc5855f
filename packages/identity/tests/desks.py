"""Who meets at a police desk: officers, and citizens with an account."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .people import Person, Phone
from .visiting import Visitor

UNIT = ("H55.01", "Công an phường Thử")


@dataclass
class Officer:
    """An officer with a browser and a phone."""

    visitor: Visitor
    phone: Phone

    def finds(self, person: Person) -> str:
        """The address of somebody who stands at the desk."""
        self.visitor.tell_who(person, "/ban/").sees(200, "Người đang ở bàn", person.name)
        return self.visitor.answer.url.path

    def proves(self, address: str, **values: str) -> Visitor:
        """Open a page and give the proof that it asks for."""
        return self.visitor.confirm(address, self.phone, **values)

    def begins(self, address: str, **values: str) -> str:
        """The address of the act that waits for a witness."""
        self.proves(address, **values).sees(200, "chờ người làm chứng")
        return self.visitor.answer.url.path

    def attests(self, citizen: Citizen) -> str:
        """Begin to raise somebody to level 2, who shows the code of their phone."""
        return self.begins(self.finds(citizen.person) + "hai-nguoi/xac-nhan/", presence=citizen.code())


@dataclass
class Citizen:
    """Somebody with an account."""

    visitor: Visitor
    person: Person
    phone: Phone

    def code(self) -> str:
        """What their phone shows for the desk."""
        self.visitor.confirm("/tai-khoan/muc-2/", self.phone).sees(200, "Cho cán bộ xem mã này")
        found = re.search(r'id="presence-code">([^<]+)<', self.visitor.text)
        assert found is not None
        return found[1]
