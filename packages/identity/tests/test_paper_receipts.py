"""The receipt for whoever has no smartphone: printed at the desk after the witness, verified by anybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ketnoi_identity.consent import paper
from ketnoi_identity.consent.verification import verify_receipt

from .asked import ask
from .desks import Officer
from .register import PEOPLE
from .site import Site
from .visiting import Visitor

ComeIn = Callable[[], Visitor]


@pytest.fixture
def agreed(officers: list[Officer], site_database: psycopg.Connection[Any]) -> tuple[str, str, str]:
    """Somebody without an account has agreed at the desk: the consent, the person's page there, and the act."""
    xom = PEOPLE["xom"]
    consent = ask(site_database, xom.number)
    page = officers[0].finds(xom)
    act = officers[0].begins(f"{page}dong-y/{consent}/dong-y/")
    officers[0].visitor.go(act + "bien-nhan/").sees(404)
    officers[1].proves(act).sees(200, "có hiệu lực", "In biên nhận cho người này")
    return consent, page, act


def text_on(visitor: Visitor) -> str:
    found = re.search(r'id="receipt">([^<]+)<', visitor.text)
    assert found is not None
    return found[1]


def test_the_desk_prints_a_receipt_that_anybody_verifies(
    officers: list[Officer],
    agreed: tuple[str, str, str],
    site_with_register: Site,
    tmp_path: Path,
    come_in: ComeIn,
    capsys: pytest.CaptureFixture[str],
) -> None:
    consent, _, act = agreed
    first, second, elsewhere = officers
    sheet = first.visitor.go(act + "bien-nhan/").sees(200, "UBND tỉnh Thái Nguyên", "Nơi thường trú", consent)
    receipt = text_on(sheet)
    assert sheet.text.count("<figure>") == len(paper.codes(receipt)) > 1
    assert PEOPLE["xom"].number not in sheet.text
    file = second.visitor.go(act + "bien-nhan/tai-ve/").sees(200).answer
    assert file.text == receipt
    assert "attachment" in file.headers["content-disposition"]
    elsewhere.visitor.go(act + "bien-nhan/").sees(404)
    # By the command, from paper: in parts and lines.
    typed, keys = tmp_path / "receipt", tmp_path / "keys.json"
    typed.write_text("\n".join(receipt[at : at + 60] for at in range(0, len(receipt), 60)))
    keys.write_bytes(come_in().go("/.well-known/consent-receipts-keys.json").answer.content)
    assert verify_receipt(typed, str(keys)) == 0
    assert consent in capsys.readouterr().out
    # By the page, without an account.
    anybody = come_in().go("/bien-nhan/").sees(200, "Kiểm tra biên nhận")
    anybody.send("/bien-nhan/", receipt=f"{receipt[:900]}\n {receipt[900:]}").sees(
        200, "không bị sửa", "UBND tỉnh Thái Nguyên", "Đăng ký khai sinh cho con", "Dân tộc", consent
    )
    changed = receipt[:300] + ("A" if receipt[300] != "A" else "B") + receipt[301:]
    for wrong in (changed, receipt[:900], "x", ""):
        anybody.send("/bien-nhan/", receipt=wrong).sees(422, "không có giá trị")


def test_who_comes_again_gets_it_again_and_nobody_elses(
    officers: list[Officer], agreed: tuple[str, str, str], site_database: psycopg.Connection[Any]
) -> None:
    consent, page, act = agreed
    first, second, _ = officers
    first.visitor.go(page).sees(200, f"{page}dong-y/{consent}/bien-nhan/")
    receipt = text_on(first.visitor.go(f"{page}dong-y/{consent}/bien-nhan/").sees(200))
    assert first.visitor.go(f"{page}dong-y/{consent}/bien-nhan/tai-ve/").sees(200).answer.text == receipt
    other = second.finds(PEOPLE["an"])
    second.visitor.go(f"{other}dong-y/{consent}/bien-nhan/").sees(404)
    second.visitor.go(f"{page}dong-y/{consent}/bien-nhan/").sees(404)
    # The act is over after half an hour, for its officers too.
    site_database.execute("UPDATE desk_act SET until = until - interval '31 minutes'")
    first.visitor.go(act + "bien-nhan/").sees(404)


def test_what_was_refused_has_no_receipt(officers: list[Officer], site_database: psycopg.Connection[Any]) -> None:
    consent = ask(site_database, PEOPLE["xom"].number)
    first, second, _ = officers
    page = first.finds(PEOPLE["xom"])
    act = first.begins(f"{page}dong-y/{consent}/tu-choi/")
    second.proves(act).sees(200, "có hiệu lực")
    assert "In biên nhận" not in second.visitor.text
    second.visitor.go(act + "bien-nhan/").sees(404)
    first.visitor.go(f"{page}dong-y/{consent}/bien-nhan/").sees(404)


def test_a_code_on_paper_says_its_part_of_the_text() -> None:
    found = paper.codes("a" * 900 + "b" * 900 + "c")
    assert len(found) == 3
    big, _, small = found
    assert small.size == 21 + 2 * 4
    assert big.size > 100
    # The finder pattern: seven dark modules in the first row, behind the blank edge.
    assert all(f"M{x} 4h1" in big.path for x in range(4, 11))
    assert "M11 4h1" not in big.path
    assert not re.search(r"M[0-3] ", big.path)
