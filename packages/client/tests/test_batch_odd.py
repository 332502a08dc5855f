"""A batch gets past the people about whom nothing can be answered, and stops when it is not they who are odd."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from lists import HEAD, number, people
from stand_in import Asked, Reply, StandIn, answered, plain_answer, problem, x_road_error

from ketnoi_client import batch as batches

HONEST = answered(plain_answer)

ODD = {
    "26": (problem("26", "ask under a new MaYeuCau"), 1),
    "41": (problem("41"), 3),
    "43": (problem("43"), 3),
    "99": (problem("99"), 3),
    "service_failed": (x_road_error("Server.ServerProxy.ServiceFailed.HttpError"), 3),
    "inconsistent_response": (Reply(200, b'{"MaYeuCau":"x"}'), 3),
}


def about(whom: set[str], odd: Reply):
    return lambda asked: odd if whom_of(asked) in whom else HONEST(asked)


def whom_of(asked: Asked) -> str:
    return str(json.loads(asked.body)["SoDinhDanh"])


@pytest.mark.parametrize("code", ODD)
def test_an_odd_record_does_not_stop_the_others(run, server: StandIn, no_waiting, code: str) -> None:
    odd = {number(1), number(2), number(7), number(9)}
    server.reply = about(odd, ODD[code][0])
    status, rows, said = run("look-up", people(10), "--at-once", "1")
    assert status == 3
    assert "4 lines have no answer" in said
    assert [line for line, row in rows.items() if row["MaKetQua"] == code] == [3, 4, 9, 11]
    assert all(rows[line]["LyDo"] and not rows[line]["HoVaTen"] for line in (3, 4, 9, 11))
    assert list(rows) == list(range(2, 12))
    asked = Counter(map(whom_of, server.asked))
    assert {asked[each] for each in odd} == {ODD[code][1]}
    assert no_waiting == [1.0, 2.0][: ODD[code][1] - 1] * 4
    codes = {json.loads(each.body)["MaYeuCau"] for each in server.asked}
    assert len(codes) == 10, "what is repeated has the same MaYeuCau"


@pytest.mark.parametrize("code", ODD)
def test_when_all_are_odd_the_batch_stops_and_none_of_them_is_given_up(run, server: StandIn, code: str) -> None:
    server.reply = about({number(each) for each in range(2, 30)}, ODD[code][0])
    status, rows, said = run("look-up", people(30), "--at-once", "1")
    assert (status, list(rows)) == (1, [2, 3])
    assert "run this again" in said
    server.reply = HONEST
    status, rows, _ = run("look-up", people(30))
    assert (status, list(rows)) == (0, list(range(2, 32)))
    assert {row["MaKetQua"] for row in rows.values()} == {"01"}


def test_lines_refused_here_do_not_make_an_outage_look_like_records(run, server: StandIn) -> None:
    lines = people(30).splitlines()[1:]
    text = HEAD + "".join(f"{line}\r\n12,An,1989-04-17,\r\n" for line in lines)
    server.reply = lambda asked: problem("41")
    status, rows, _ = run("look-up", text, "--at-once", "1")
    assert (status, rows) == (1, {})
    assert len(set(map(whom_of, server.asked))) <= batches.MOST_ODD_IN_A_ROW + 2
    server.reply = HONEST
    status, rows, said = run("look-up", text)
    assert (status, len(rows)) == (3, 60)
    assert "30 lines have no answer" in said


def test_a_short_list_of_which_nothing_was_answered_is_not_done(run, server: StandIn) -> None:
    server.reply = lambda asked: problem("99")
    assert run("look-up", people(3))[:2] == (1, {})
    server.reply = HONEST
    assert run("look-up", people(3))[0] == 0


def test_many_odd_records_in_a_row_are_passed_when_told_so(run, server: StandIn) -> None:
    server.reply = about({number(each) for each in range(3, 18)}, problem("41"))
    assert run("look-up", people(20))[0] == 1
    status, rows, _ = run("look-up", people(20), "--most-odd", "15")
    assert status == 3
    assert [line for line, row in rows.items() if row["MaKetQua"] == "41"] == list(range(5, 20))


def test_what_was_refused_in_an_earlier_run_is_still_told_at_the_end(run, server: StandIn) -> None:
    server.reply = about({number(1)}, problem("99"))
    stopping = server.reply
    server.reply = lambda asked: problem("22") if whom_of(asked) == number(5) else stopping(asked)
    assert run("look-up", people(9), "--at-once", "1")[0] == 1
    server.reply = HONEST
    status, rows, said = run("look-up", people(9))
    assert (status, len(rows)) == (3, 9)
    assert "1 lines have no answer" in said
