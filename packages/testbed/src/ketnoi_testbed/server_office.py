"""C06's two server officers: what stands on a server when the portal comes, and who lets it be changed."""

from __future__ import annotations

from ketnoi_testbed.cast import SERVER_OFFICERS
from ketnoi_testbed.country import Country
from ketnoi_testbed.visitor import Page, Visitor


def enforce(country: Country, instance: str) -> Page:
    """One officer proposes that a server be changed as approved, the other one agrees; the server's page then.

    Nothing is done where it is so already.
    """
    address = f"/may-chu/{instance}/"
    first, second = SERVER_OFFICERS
    with Visitor(country.portal.url, first) as proposing:
        if not proposing.open(address).forms("/viec/enforce/"):
            return proposing.open(address)
        proposing.open(address).form("/viec/enforce/").send({"reason": "Đã đối chiếu các quyền có sẵn"})
    with Visitor(country.portal.url, second) as confirming:
        return confirming.open(address).form("/confirm/").send()
