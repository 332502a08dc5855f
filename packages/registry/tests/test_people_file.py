"""A CSV file of people: what is right comes in as it stands, each wrong line is told by number and reason."""

from __future__ import annotations

import asyncio
import csv
import gzip

import asyncpg
import pytest

from ketnoi_registry.loading.columns import PLACES, RELATIVES
from ketnoi_registry.loading.csv_input import InputError
from ketnoi_registry.loading.progress import write_remarks
from ketnoi_registry.loading.remarks import NOTICES, REFUSALS
from ketnoi_registry.store.people import OldIdNumber, read_people
from ketnoi_runtime.database import open_pool

from .people_csv import ONE, made, text_of, text_of_people
from .population import PEOPLE


def number(serial: int) -> str:
    return f"990089{serial:06}"


def test_everybody_comes_out_of_the_file_as_from_a_program(register, tmp_path):
    run = register.load(made(tmp_path, text_of_people(PEOPLE)))
    assert (run.added, run.changed, run.refused, run.finished) == (len(PEOPLE), 0, 0, True)

    async def read():
        pool = await open_pool(register.dsn)
        found = await read_people(pool, [person.personal_number for person in PEOPLE])
        await pool.close()
        return found

    found = asyncio.run(read())
    for person in PEOPLE:
        newest = tuple(OldIdNumber(old.number) for old in person.old_id_numbers[-1:])
        assert found[person.personal_number] == type(person)(
            **{name: getattr(person, name) for name in person.__struct_fields__ if name != "old_id_numbers"},
            old_id_numbers=newest,
        )
    assert register.fetch("SELECT number, personal_number FROM old_id_number ORDER BY 1, 2") == sorted(
        (old.number, person.personal_number) for person in PEOPLE for old in person.old_id_numbers
    )


@pytest.mark.parametrize("block", [64, 1 << 20])
def test_one_old_number_of_two_people_is_kept_and_the_later_line_reported(register, tmp_path, block):
    rows = [
        {**ONE, "personal_number": number(serial), "old_id_numbers": old}
        for serial, old in enumerate(
            ["990000001:2001-02-03:2011-01-01;990000002", "990000003", "990000001", "990000004;990000004"], 1
        )
    ]
    run = register.load(made(tmp_path, text_of(*rows)), block=block)
    assert (run.added, run.refused) == (4, 0)
    assert register.fetch("SELECT number, count(*) FROM old_id_number GROUP BY 1 ORDER BY 1") == [
        ("990000001", 2), ("990000002", 1), ("990000003", 1), ("990000004", 1),
    ]  # fmt: skip
    assert register.remarks() == [(4, "old_number_shared")], "whatever the batches"
    assert register.fetch("SELECT old_id_number FROM person ORDER BY personal_number")[0] == ("990000002",)


WRONG = {
    "personal_number": [{"personal_number": each} for each in ("", "99008900000", "9900890000012", "99008900000x")],
    "name": [
        {"given_name": ""}, {"given_name": "A" * 101}, {"middle_name": "B" * 101},
        {"family_name": "A" * 50, "middle_name": "B" * 30, "given_name": "C" * 19}, {"family_name": "Nguyễn 2"},
        *({"given_name": each} for each in (
            "Nguy\u00d4n V\u00a8n An", "Nguy?n V?n An", "   ", "-", "\x01\x02", "An\u200b", "12345", "\u202eAn",
            "Nguyễn Văn An (Tý)", "Trần/Lê", "An, Bình", "Ни", "阮", "An\t",
        )),
    ],
    "birth_date": [
        {"birth_date": each}
        for each in (
            "", "89", "1849", "2400", "1989-13", "1989-00", "1989-02-29", "1900-02-29", "1989-04-31", "1989-1-1",
            "19890101", "now", "1989-01-01x", "hôm nay",
        )
    ],
    "sex": [{"sex": "3"}, {"sex": "nam"}],
    "marital_status": [{"marital_status": "4"}],
    "ethnic_group": [{"ethnic_group": "1"}],
    "religion": [{"religion": "Phật"}],
    "nationality": [{"nationality": "vn"}, {"nationality": "VNM"}],
    "blood_group": [{"blood_group": "05"}],
    "old_id_numbers": [
        {"old_id_numbers": each}
        for each in (
            "99000001", "990000001;", ";990000001", "990000001:2001", "990000001:2001-02-29", "990000001:0000-01-01",
            "990000001:2001-02-03:2001-02-02", "990000001:2001-02-03:2001-04-31", "990000001:0000-01-01:2001-01-01",
            "990000001:2001-01-01:2002-01-01:x", "990000001,990000002", "990000001;990000002:today",
        )
    ],
    **{
        name: [
            {f"{name}_unit": "05551"},
            {f"{name}_unit_from": "2008-08-01"},
            {f"{name}_unit": "0555", f"{name}_unit_from": "2008-08-01"},
            {f"{name}_unit": "05551", f"{name}_unit_from": "2008-08-32"},
            {f"{name}_country": "Lào"},
        ]
        for name in PLACES
    },
    **{
        name: [
            {f"{name}_personal_number": "990089000001"},
            {f"{name}_name": "A", f"{name}_personal_number": "1"},
            {f"{name}_name": "A", f"{name}_old_id_number": "1"},
            {f"{name}_name": "A", f"{name}_nationality": "x"},
            {f"{name}_name": "A" * 301},
        ]
        for name in RELATIVES
    },
    "household": [
        {"household_id": "ho-1"},
        {"household_id": "ho 1", "relation_to_head": "QH11", "head_number": "990089000999"},
        {"household_id": "h" * 41, "relation_to_head": "QH11", "head_number": "990089000999"},
        {"household_id": "ho-1", "relation_to_head": "QH98", "head_number": "990089000999"},
        {"household_id": "ho-1", "relation_to_head": "QH11", "head_number": "990089"},
        {"household_id": "ho-1", "relation_to_head": "QH00", "head_number": "990089000999"},
        {"household_id": "ho-1", "relation_to_head": "QH11", "head_number": "own"},
    ],
    "life_status": [
        {"life_status": "chết"},
        {"life_status": "alive", "life_status_since": "2020-01-01"},
        {"life_status_since": "2020-01-01"},
        {"life_status": "dead", "life_status_since": "2020-02-30"},
    ],
}  # fmt: skip


def test_each_rule_refuses_what_it_should_and_nobody_else(register, tmp_path):
    from ketnoi_registry.loading.columns import COLUMNS

    rows, expected = [], []
    for code, cases in WRONG.items():
        for wrong in cases:
            good = number(2 * len(rows) + 1)
            rows.append({**ONE, "personal_number": good})
            bad = number(2 * len(rows))
            row = {**ONE, "personal_number": bad, **wrong}
            rows.append({name: bad if value == "own" else value for name, value in row.items()})
            expected.append((len(rows) + 1, code))
    file = made(tmp_path, text_of(*rows, columns=COLUMNS))
    run = register.load(file, block=3_000)
    assert register.remarks() == expected
    assert (run.added, run.refused) == (len(expected), len(expected))
    assert set(register.numbers()) == {row["personal_number"] for row in rows[::2]}


def test_what_stands_at_the_edge_is_taken(register, tmp_path):
    rows = [
        {"birth_date": "1850"}, {"birth_date": "2023-12-31"}, {"birth_date": "2000-02-29"}, {"birth_date": "1989-02"},
        {"given_name": "Ầ" * 100}, {"given_name": "A\u0302\u0300" * 100},
        {"given_name": "Ðào", "family_name": "K\u2019Pă"},
        {"family_name": "A" * 50, "middle_name": "B" * 30, "given_name": "C" * 18},
        {"old_id_numbers": "990000001:2004-02-29"},
        {"old_id_numbers": "990000001::2004-02-29"},
        {"old_id_numbers": "990000001:2001-01-31:2001-01-31"}, {"hometown_detail": "Số 1"}, {"hometown_country": "LA"},
        {"life_status": "missing"}, {"father_name": "A" * 300},
        {"hometown_unit": "15", "hometown_unit_from": "2024-02-29"},
    ]  # fmt: skip
    from ketnoi_registry.loading.columns import COLUMNS

    rows = [{**ONE, "personal_number": number(serial), **row} for serial, row in enumerate(rows, 1)]
    assert register.load(made(tmp_path, text_of(*rows, columns=COLUMNS))).added == len(rows)
    assert register.fetch("SELECT birth_year, birth_month, birth_day FROM person ORDER BY personal_number LIMIT 4") == [
        (1850, None, None), (2023, 12, 31), (2000, 2, 29), (1989, 2, None),
    ]  # fmt: skip


def test_lines_that_copy_cannot_cut_do_not_stop_the_others(register, tmp_path):
    good = [f"{number(serial)},Xóm 1,An,1989".encode() for serial in range(1, 8)]
    lines = [
        b"personal_number,hometown_detail,given_name,birth_date", good[0],
        b"990089000101,x,An", b"990089000102,x,An,1989,x", b'990089000103,"x,An,1989', b'990089000104,x"y",An,1989',
        b'990089000105,"x"y,An,1989', b"990089000106,x,\xb7\xd1,1989", b"990089000107,x,A\0n,1989", b"\\.",
        b"990089000108," + b"A" * 70_000 + b",An,1989",
        good[1], b"", good[2], '990089000008,"Xóm 1, ""B""",An,1989'.encode(), *good[3:],
    ]  # fmt: skip
    run = register.load(made(tmp_path, b"\n".join(lines)))
    codes = ["column_count", "column_count", "quotation", "quotation", "quotation", "not_utf8", "nul", "column_count"]
    assert register.remarks() == [*enumerate(codes, 3), (11, "line_too_long")]
    assert (run.added, run.lines) == (8, len(lines))
    assert ('Xóm 1, "B"',) in register.fetch("SELECT (hometown).detail FROM person")


def test_a_line_longer_than_a_block_is_forgotten_as_it_comes(register, tmp_path):
    long = "990089000108," + "A" * 300_000 + ",1989"
    text = f"personal_number,given_name,birth_date\n{number(1)},An,1989\n{long}\n{number(2)},An,1989\n"
    run = register.load(made(tmp_path, text), block=1_000)
    assert register.remarks() == [(3, "line_too_long")]
    assert (run.added, run.lines, run.octets) == (2, 4, len(text))


@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_line_ends_of_any_system_also_mixed(register, tmp_path, block):
    ends = ["\r\n", "\n", "\r", "\r\n", "\r", "\n", "\r\n", ""]
    lines = ["\ufeffpersonal_number,given_name,birth_date", *(f"{number(serial)},Ân,1989" for serial in range(1, 8))]
    file = made(tmp_path, "".join(line + end for line, end in zip(lines, ends, strict=True)))
    run = register.load(file, block=block)
    assert (run.added, run.refused, run.lines) == (7, 0, 8)
    assert set(register.fetch("SELECT given_name FROM person")) == {("Ân",)}


def test_a_tenth_of_bad_rows_is_listed_and_the_rest_is_loaded(register, tmp_path):
    rows = [
        {**ONE, "personal_number": number(serial), "birth_date": "1989" if serial % 10 else "hôm qua"}
        for serial in range(1, 5_001)
    ]
    run = register.load(made(tmp_path, text_of(*rows)), block=20_000)
    assert (run.added, run.refused) == (4_500, 500)
    assert register.remarks() == [(serial + 1, "birth_date") for serial in range(10, 5_001, 10)]


def test_somebody_who_is_there_or_comes_twice_is_taken_once(register, tmp_path):
    register.load(made(tmp_path, text_of({**ONE, "personal_number": number(3), "given_name": "Cũ"}), "first.csv"))
    rows = [{**ONE, "personal_number": number(serial % 40), "given_name": "A" * serial} for serial in range(1, 101)]
    run = register.load(made(tmp_path, text_of(*rows)), block=500)
    assert (run.added, run.refused) == (39, 61)
    assert dict(register.fetch("SELECT personal_number, given_name FROM person")) == {
        number(serial % 40): "Cũ" if serial == 3 else "A" * serial for serial in range(1, 41)
    }
    assert register.remarks() == [(4, "already_there"), *((line, "already_there") for line in range(42, 102))]


def test_a_compressed_file_is_the_same(register, tmp_path):
    text = text_of_people(PEOPLE)
    run = register.load(made(tmp_path, gzip.compress(text.encode()), "people.csv.gz"), block=500)
    assert (run.added, run.octets) == (len(PEOPLE), len(text.encode()))


def test_a_compressed_file_that_is_cut_off_or_none_says_so(register, tmp_path):
    rows = [
        {**ONE, "personal_number": number(serial), "family_name": f"{serial * 7919}"} for serial in range(1, 20_001)
    ]
    packed = gzip.compress(text_of(*rows).encode())
    for name, spoilt in (
        ("short.csv.gz", packed[: len(packed) // 2]),
        ("wrong.csv.gz", packed[:5_000] + b"x" * 500 + packed[5_500:]),
        ("plain.csv.gz", b"personal_number,given_name,birth_date"),
    ):
        with pytest.raises(InputError, match="broken or cut off"):
            register.load(made(tmp_path, spoilt, name), block=50_000)
    assert register.fetch("SELECT state FROM load_run WHERE state = 'finished'") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no header"),
        ("\n\n", "has no header"),
        ("personal_number,given_name\n", "missing: birth_date"),
        ("personal_number,given_name,birth_date,sexx\n", "not known: 4 (sexx)"),
        ("990089000001,An,1989\n", "not known: 1, 2, 3"),
        ("personal_number,given_name,birth_date,sex,sex\n", "twice: sex"),
        ("personal_number;given_name;birth_date\n", "separated by commas"),
        ("personal_number,given_name,birth_date,household_id\n", "missing: relation_to_head, head_number"),
        ("personal_number,given_name,birth_date,hometown_unit\n", "missing: hometown_unit_from"),
        ("personal_number,given_name,birth_date\n".encode("utf-16"), "UTF-16"),
        (b"personal_number,given_name,birth_date,\xff\n", "not UTF-8"),
    ],
)
def test_a_header_that_is_wrong_is_refused_before_anything_is_loaded(register, tmp_path, text, said):
    with pytest.raises(InputError, match=said.replace("(", r"\(").replace(")", r"\)")) as caught:
        register.load(made(tmp_path, text))
    assert "990089000001" not in str(caught.value)
    assert "An" not in str(caught.value)
    assert register.fetch("SELECT * FROM load_run") == []


def test_a_header_alone_is_a_file_of_nobody(register, tmp_path):
    run = register.load(made(tmp_path, "personal_number,given_name,birth_date"))
    assert (run.added, run.refused, run.finished) == (0, 0, True)


def test_the_remarks_file_tells_lines_and_reasons_and_nothing_of_anybody(register, tmp_path):
    rows = [{**ONE, "given_name": "Bí Mật", "birth_date": "x"}, {**ONE, "personal_number": "1"}]
    run = register.load(made(tmp_path, text_of(*rows)))

    async def write():
        connection = await asyncpg.connect(register.dsn)
        count = await write_remarks(connection, run, tmp_path / "remarks.csv")
        await connection.close()
        return count

    assert asyncio.run(write()) == 2
    with (tmp_path / "remarks.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["dong_line", "ma_code", "ly_do", "reason"],
            ["2", "birth_date", *REFUSALS["birth_date"]],
            ["3", "personal_number", *REFUSALS["personal_number"]],
        ]


def test_every_code_has_words_and_every_rule_a_code():
    assert set(WRONG) < set(REFUSALS)
    assert all(vietnamese and english for vietnamese, english in (*REFUSALS.values(), *NOTICES.values()))
