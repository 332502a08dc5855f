"""Bad days of an existing database: each mood is one way to answer wrongly."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

Citizens = list[str]
Mood = Callable[[web.Request, Citizens], Awaitable[web.StreamResponse]]

SLOW_SECONDS: Final = 3.0

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_COLLECTION = "http://www.mic.gov.vn/dancu/1.0"
_BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))


def _message(content: str, *, before: str = "", declared: str = "utf-8", attributes: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="{declared}"?>{before}<S:Envelope xmlns:S="{_ENVELOPE}"><S:Body>'
        f'<ns1:CongdanCollection xmlns:ns1="{_COLLECTION}"{attributes}>{content}</ns1:CongdanCollection>'
        "</S:Body></S:Envelope>"
    )


def _xml(write: Callable[[Citizens], str | bytes], content_type: str = "text/xml", **headers: str) -> Mood:
    async def answer(_request: web.Request, citizens: Citizens) -> web.StreamResponse:
        written = write(citizens)
        body = written.encode() if isinstance(written, str) else written
        return web.Response(body=body, headers={"Content-Type": content_type, **headers})

    return answer


def _status(status: int, body: str = "", content_type: str = "text/html", **headers: str) -> Mood:
    async def answer(_request: web.Request, _citizens: Citizens) -> web.StreamResponse:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body.encode(), headers={"Content-Type": content_type, **told})

    return answer


def _fault(code: str) -> Mood:
    # A fault that quotes what it was asked, as real ones do.
    text = f"<faultcode>S:{code}</faultcode><faultstring>no luck with 990089000001 Nguyễn Văn An</faultstring>"
    body = f'<S:Envelope xmlns:S="{_ENVELOPE}"><S:Body><S:Fault>{text}</S:Fault></S:Body></S:Envelope>'
    return _status(500, body, "text/xml")


async def _half(request: web.Request, citizens: Citizens) -> web.StreamResponse:
    """A connection that breaks in the middle of the answer."""
    body = _message(citizens[0]).encode()
    response = web.StreamResponse(headers={"Content-Type": "text/xml", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


async def _hang_up(request: web.Request, _citizens: Citizens) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def _without(citizen: str, name: str) -> str:
    before, _, rest = citizen.partition(f"<ns1:{name}>")
    return before + rest.partition(f"</ns1:{name}>")[2]


def _name(citizen: str, content: str) -> str:
    before, tag, rest = citizen.partition("<ns1:HoVaTen>")
    return before + tag + content + "".join(rest.partition("</ns1:HoVaTen>")[1:])


MOODS: Final[dict[str, Mood]] = {
    "unavailable": _status(503, "<h1>down</h1>", Retry_After="7"),
    "forbidden": _status(403),
    "moved": _status(302, Location="https://127.0.0.1:1/"),
    "page": _status(200, "<html>OK</html>"),
    "error_page": _status(500, "<html>NullPointerException</html>"),
    "answer_with_500": _status(500, _message(""), "text/xml"),
    "fault": _fault("Server"),
    "fault_client": _fault("Client"),
    "hang_up": _hang_up,
    "half": _half,
    "half_xml": _xml(lambda citizens: _message(citizens[0])[:-40]),
    "empty": _xml(lambda _citizens: b""),
    "bomb": _xml(lambda _: _message("&e8;", before=f'<!DOCTYPE b [<!ENTITY e0 "ha">{_BOMB}]>')),
    "external_entity": _xml(
        lambda _: _message("&file;", before='<!DOCTYPE b [<!ENTITY file SYSTEM "file:///etc/passwd">]>')
    ),
    "deep": _xml(lambda _: _message("<a>" * 5000 + "</a>" * 5000)),
    "latin": _xml(lambda _: _message("<ns1:A>Đ</ns1:A>", declared="windows-1258").encode("cp1258")),
    "tcvn3": _xml(lambda _: b'<?xml version="1.0"?><a>Nguy\xd4n V\xa8n An</a>'),
    "compressed": _xml(lambda citizens: gzip.compress(_message(citizens[0]).encode()), **{"Content-Encoding": "gzip"}),
    "charset": _xml(lambda citizens: _message(citizens[0]), "text/xml; charset=windows-1258"),
    "oversized": _xml(lambda citizens: _message(citizens[0] + " " * 200_000)),
    "json": _xml(lambda _: b"{}", "application/json"),
    "another_person": _xml(lambda citizens: _message(citizens[1])),
    "several_people": _xml(lambda citizens: _message("".join(citizens[:2]))),
    "count_is_wrong": _xml(lambda citizens: _message(citizens[0], attributes=' SoCongDan="0"')),
    "doubled": _xml(lambda c: _message(c[0].replace("<ns1:GioiTinh>", "<ns1:GioiTinh>1</ns1:GioiTinh><ns1:GioiTinh>"))),
    "no_birth": _xml(lambda citizens: _message(_without(citizens[0], "NgayThangNamSinh"))),
    "no_number": _xml(lambda citizens: _message(_without(citizens[0], "SoDinhDanh"))),
    "no_such_date": _xml(lambda c: _message(c[0].replace("<ns1:NgayThangNam>", "<ns1:NgayThangNam>9"))),
    "day_zero": _xml(lambda c: _message(c[0].replace("19890302", "19890000"))),
    "with_time": _xml(lambda c: _message(c[0].replace("19890302", "1989-03-02T00:00:00"))),
    "sex_in_words": _xml(lambda c: _message(c[0].replace("<ns1:GioiTinh>1", "<ns1:GioiTinh>Nam"))),
    "no_such_life": _xml(lambda c: _message(c[0].replace("<ns1:TinhTrang>0", "<ns1:TinhTrang>9"))),
    "control_character": _xml(lambda c: _message(c[0].replace("Số 1", "Số \x0b1"))),
    "letter_cut_in_two": _xml(lambda c: _message(c[0]).encode().replace("Số 1".encode(), "Số 1".encode()[:3])),
    "bare_ampersand": _xml(lambda c: _message(c[0].replace("Số 1", "Số 1 & 2"))),
    "name_without_parts": _xml(lambda c: _message(_name(c[0], "NGUYỄN VĂN AN"))),
    "name_in_unknown_parts": _xml(lambda c: _message(_name(c[0], "<ns1:Ho/><ns1:TenDayDu>AN</ns1:TenDayDu>"))),
    "name_of_another_namespace": _xml(lambda c: _message(_name(c[0], "<Ten xmlns='urn:other'>NGUYỄN VĂN AN</Ten>"))),
    "error_in_place_of_people": _xml(lambda _: _message("<ns1:Loi>Không được phép</ns1:Loi>")),
    "no_such_code": _xml(lambda c: _message(c[0].replace("<ns1:DanToc>", "<ns1:DanToc>Kinh "))),
}
"""By name. Besides there is "slow", which answers well after SLOW_SECONDS."""
