"""The form as a document: what is filled in is what is read, and what is dangerous is not opened."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import msgspec
import pytest
from docx import Document
from docx.oxml import OxmlElement

from ketnoi_portal.mailroom.form_document import form_document
from ketnoi_portal.mailroom.form_reading import read_document
from ketnoi_portal.mailroom.form_rows import titles
from ketnoi_portal.mailroom.submission import Refused, Submission, read_json
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_protocol.services import Environment, Platform, Service, System

from .letters import FILLED, PROFILE, filled


def test_every_field_of_the_registration_has_a_box() -> None:
    for system in System:
        paths = set(titles(system, PROFILE))
        tops = {path.partition(".")[0] for path in paths} - {"organisation", "organisation_name"}
        assert tops == set(Registration.__struct_fields__) - ({"sign_in"} if system is System.POPULATION else set())
        for service in Service:
            assert f"services.{service}.procedures" in paths
        numbers = [row.number for row in titles(system, PROFILE).values()]
        assert len(numbers) == len(set(numbers))


def test_identity_asks_for_servers_on_its_own_platform_alone() -> None:
    servers = {path.split(".")[1] for path in titles(System.IDENTITY, PROFILE) if path.startswith("servers.")}
    assert servers == {"NDXP"}


def test_signing_in_is_read_from_its_boxes() -> None:
    document = Document(BytesIO(form_document(System.IDENTITY, PROFILE)))
    values = {"[01]": "H55", "[81]": "https://a.vn/x\nhttps://a.vn/y", "[82]": '{"kty": "EC"}', "[84]": "PEM"}
    for table in document.tables:
        for row in table.rows:
            row.cells[-1].text = values.get(row.cells[0].text, row.cells[-1].text)
    written = BytesIO()
    document.save(written)
    test, production = read_document(written.getvalue(), System.POPULATION, PROFILE).form.sign_in
    assert (test.environment, test.redirects) == (Environment.TEST, ("https://a.vn/x", "https://a.vn/y"))
    assert test.key == '{"kty": "EC"}'
    assert (production.environment, production.redirects, production.key) == (Environment.PRODUCTION, (), "PEM")


def test_what_is_filled_in_is_what_is_read() -> None:
    told = read_document(filled(), System.IDENTITY, PROFILE)
    form = told.form
    assert (told.organisation, told.system) == ("H55", System.POPULATION)
    assert (form.security_level, form.per_day, form.peak_per_second, form.months) == (3, 3000, 5, 24)
    assert form.level_decision_date is not None
    assert form.level_decision_date.isoformat() == "2026-03-05"
    (service,) = form.services
    assert service.service is Service.LOOK_UP_CITIZEN
    assert service.procedures == ("G15-TP110", "G15-TP111")
    assert service.fields == ("HoVaTen", "NgayThangNamSinh", "ThuongTru")
    assert service.purpose == "Đăng ký khai sinh\nthay cho giấy tờ"
    server = form.server(Platform.VDXP, Environment.TEST)
    assert server is not None
    assert server.server == "VDXP-TEST/GOV/H55/SS01"
    assert server.request.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert server.certificate == ""
    assert form.technical.name == "Nguyễn Kỹ Thuật"


def test_an_empty_form_is_a_form_without_a_value() -> None:
    told = read_document(form_document(System.POPULATION, PROFILE), System.POPULATION, PROFILE)
    assert told.form == msgspec.structs.replace(Registration(), months=0)


def test_struck_out_text_and_hidden_letters_are_not_read() -> None:
    document = Document(BytesIO(filled(information_system="Cổng\u202e dịch\u200b vụ")))
    for table in document.tables:
        for row in table.rows:
            if row.cells[0].text == "[03]":
                paragraph = row.cells[-1].paragraphs[0]._p
                deleted, run, text = (OxmlElement(name) for name in ("w:del", "w:r", "w:delText"))
                text.text = " (đã bỏ)"
                run.append(text)
                deleted.append(run)
                paragraph.append(deleted)
    written = BytesIO()
    document.save(written)
    form = read_document(written.getvalue(), System.POPULATION, PROFILE).form
    assert form.duties == FILLED["duties"]
    assert form.information_system == "Cổng dịch vụ"


def packed(parts: dict[str, bytes], *, base: bytes | None = None) -> bytes:
    """A package with these parts beside (or in place of) those of a filled form."""
    written = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(base or filled())) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as to,
    ):
        for entry in source.infolist():
            if entry.filename not in parts:
                to.writestr(entry.filename, source.read(entry))
        for name, content in parts.items():
            to.writestr(name, content)
    return written.getvalue()


def part(name: str) -> bytes:
    with zipfile.ZipFile(BytesIO(filled())) as package:
        return package.read(name)


def lying(data: bytes, name: str) -> bytes:
    """The directory says that a part has one byte."""
    at = data.rindex(name.encode()) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    return data[: at + 24] + (1).to_bytes(4, "little") + data[at + 28 :]


DOCUMENT, RELS = "word/document.xml", "word/_rels/document.xml.rels"
ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def _rels(kind: str, target: str) -> bytes:
    row = f'<Relationship Id="rIdX" Type="http://x/{kind}" Target="{target}" TargetMode="External"/></Relationships>'
    return part(RELS).replace(b"</Relationships>", row.encode())


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("docx_broken", lambda: b"PK\x03\x04 none"),
        ("docx_broken", lambda: filled()[:-200]),
        ("docx_encrypted", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
        ("docx_bomb", lambda: packed({"word/media/a.xml": b"\0" * (30 * 1024 * 1024)})),
        ("docx_bomb", lambda: packed({"word/a.xml": b" " * (7 * 1024 * 1024)})),
        ("docx_bomb", lambda: packed({f"word/{number}.txt": b"" for number in range(400)})),
        ("docx_broken", lambda: lying(packed({"word/z.txt": b"x" * 5000}), "word/z.txt")),
        ("docx_entities", lambda: packed({DOCUMENT: ENTITY + part(DOCUMENT).partition(b"?>")[2]})),
        ("docx_entities", lambda: packed({DOCUMENT: part(DOCUMENT).decode().encode("utf-16")})),
        ("docx_external", lambda: packed({RELS: _rels("attachedTemplate", "http://evil.example/t.dotm")})),
        ("docx_external", lambda: packed({RELS: _rels("image", "http://evil.example/pixel.png")})),
        (
            "docx_external",
            lambda: packed(
                {DOCUMENT: part(DOCUMENT).replace(b"<w:sectPr", b"<w:instrText>DDEAUTO c</w:instrText><w:sectPr")}
            ),
        ),
        ("docx_macro", lambda: packed({"word/vbaProject.bin": b"x"})),
        ("docx_macro", lambda: packed({"word/embeddings/oleObject1.bin": b"x"})),
        ("docx_bad_path", lambda: packed({"../../etc/cron.d/x": b"x"})),
        ("docx_bad_path", lambda: packed({"/word/x.xml": b"<x/>"})),
        ("docx_bad_path", lambda: packed({"word\\x.xml": b"<x/>"})),
        ("docx_bad_path", lambda: packed({"WORD/document.xml": b"<x/>"})),
        ("docx_not_the_form", lambda: _other_document()),
        ("mail_private_key", lambda: filled(**{"servers.VDXP.test.certificate": "-----BEGIN EC PRIVATE KEY-----"})),
        ("form_too_long", lambda: filled(information_system="x" * 400)),
        ("form_too_long", lambda: filled(**{"services.look_up_citizen.procedures": ",".join(map(str, range(900)))})),
    ],
)
def test_a_dangerous_or_foreign_document_is_refused_with_its_code(code: str, make: object) -> None:
    with pytest.raises(Refused) as refused:
        read_document(make(), System.POPULATION, PROFILE)  # type: ignore[operator]
    assert refused.value.code == code


def _other_document() -> bytes:
    document = Document()
    document.add_paragraph("Công văn về việc đăng ký kết nối")
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def test_a_link_in_a_document_does_no_harm() -> None:
    assert read_document(packed({RELS: _rels("hyperlink", "mailto:a@b.vn")}), System.POPULATION, PROFILE)


def test_json_is_read_bare_or_with_whose_it_is() -> None:
    form = read_document(filled(), System.POPULATION, PROFILE).form
    bare = read_json(msgspec.json.encode(form))
    assert bare.form == form
    assert bare.claimed_code() == "H55"
    whole = Submission(organisation="h55.02", system=System.IDENTITY, form=form)
    assert read_json(b"\xef\xbb\xbf" + msgspec.json.encode(whole)) == whole


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("json_invalid", b"{"),
        ("json_invalid", b"[1]"),
        ("json_invalid", b'{"unknown": 1}'),
        ("json_invalid", b'{"duties": 1}'),
        ("json_invalid", b'{"duties": "a\\u0000b"}'),
        ("json_invalid", b'{"per_day": 99999999999999999999}'),
        ("json_invalid", b"{" + b'"form": {' * 5000),
        ("form_too_long", b'{"duties": "' + b"x" * (1024 * 1024) + b'"}'),
        (
            "mail_private_key",
            b'{"servers": [{"platform": "VDXP", "environment": "test", "request": "-----BEGIN PRIVATE KEY-----"}]}',
        ),
    ],
)
def test_json_that_is_no_form_is_refused_with_its_code(code: str, data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_json(data)
    assert refused.value.code == code


def test_the_form_points_to_nothing_outside_and_says_what_it_is() -> None:
    with zipfile.ZipFile(BytesIO(form_document(System.IDENTITY, PROFILE))) as package:
        text = package.read(DOCUMENT).decode()
    for told in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "PHIẾU ĐĂNG KÝ", "761/VPCP-KSTT", "Nơi nhận:"):
        assert told in re.sub("<[^>]+>", "", text)
