"""Citizens with accounts at level 2 and their browsers, at pages with a real registry behind."""

from __future__ import annotations

from typing import Any

from packages.registry.tests.worlds import World

from .people import Person, Phone
from .register import Register
from .site import Site
from .visiting import Visitor


class Citizens:
    """Whoever registers here gets to level 2 at once, as if a police desk had met them."""

    def __init__(self, register: Register, site: Site) -> None:
        self.site = site
        self._register = register
        self._phones: dict[Person, Phone] = {}
        self._open: list[Visitor] = []

    @property
    def world(self) -> World:
        """The registry's."""
        return self._register.world

    def do(self, act: Any) -> Any:
        """Await something on the registry's loop."""
        return self._register.do(act)

    def phone_of(self, person: Person) -> Phone:
        """The phone of somebody who has registered."""
        return self._phones[person]

    def browser(self, person: Person, *, level: int = 2) -> Visitor:
        """A browser in which this person has signed in; registered first, where they are not yet."""
        visitor = Visitor(self.site.url)
        self._open.append(visitor)
        if person in self._phones:
            visitor.sign_in(self._phones[person]).sees(200)
            return visitor
        self._phones[person] = visitor.register(person)
        with self.site.connect() as connection:
            connection.execute("UPDATE account SET level = %s WHERE personal_number = %s", [level, person.number])
            connection.execute("TRUNCATE attempt")
        return visitor

    def close(self) -> None:
        """Close the browsers."""
        while self._open:
            self._open.pop().client.close()
