"""The SQL of a load: text columns as they stood in the file, judged and taken over a batch at a time.

A batch is copied into a temporary table of text columns, so that nothing can fail there. One statement then gives each
wrong line its code, and one takes over what is right. The rules are those of the table's own constraints and a few that
the table cannot have; they are written again here because a constraint ends a statement, and a load must go on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ketnoi_protocol.names import ALPHABET, LETTERS, LONGEST_NAME, MARKS

from ..relations import HEAD, RELATIONS
from ..store.people import PERSON_COLUMNS
from .columns import COLUMNS, NAME, PLACES, RELATIVES

STAGED: Final = (
    f"CREATE TEMP TABLE staged (line bigint, {', '.join(f'{name} text' for name in COLUMNS)}) ON COMMIT DELETE ROWS"
)

_NAMES: Final = " || ".join(f"coalesce({part}, '')" for part in NAME)
COMPOSED: Final = f"""
UPDATE staged SET {", ".join(f"{part} = normalize({part}, NFC)" for part in NAME)} WHERE {_NAMES} ~ '[{MARKS}]'
"""  # noqa: S608
"""Names written with letters and marks apart are kept, and measured, as others write them."""

# Nobody could be found under a name that no question may hold.
_SIGNS: Final = ALPHABET.replace("'", "''")
_WRONG_NAME = f"""CASE WHEN given_name IS NULL OR given_name !~ '[{LETTERS}]' THEN true
    ELSE {_NAMES} !~ '^[{_SIGNS}]+$'
        OR length(concat_ws(' ', nullif(family_name, ''), nullif(middle_name, ''), given_name)) > {LONGEST_NAME} END"""

# Most rows carry one of these two days; a regular expression costs ten times as much.
_MAPS: Final = "('2008-08-01', '2025-07-01')"


def _wrong_place(name: str) -> str:
    unit, since = f"{name}_unit", f"{name}_unit_from"
    return f"""CASE WHEN {unit} IS NULL THEN {since} IS NOT NULL
        ELSE {since} IS NULL OR {unit} !~ '^([0-9]{{2}}|[0-9]{{3}}|[0-9]{{5}})$'
            OR NOT ({since} IN {_MAPS} OR is_day({since})) END
        OR {name}_country !~ '^[A-Z]{{2}}$'"""


def _wrong_relative(name: str) -> str:
    number, old, nationality = (f"{name}_{part}" for part in ("personal_number", "old_id_number", "nationality"))
    return f"""CASE WHEN {name}_name IS NULL THEN num_nonnulls({number}, {old}, {nationality}) > 0
        ELSE length({name}_name) > 300 OR {number} !~ '^[0-9]{{12}}$' OR {old} !~ '^[0-9]{{9}}$'
            OR {nationality} !~ '^[A-Z]{{2}}$' END"""


# One number with its period is what most rows have; it is judged without being taken apart.
_DAY = "[0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_WRONG_OLD = f"""CASE
    WHEN old_id_numbers ~ '^[0-9]{{9}}(:{_DAY}:{_DAY})?$' AND old_id_numbers NOT LIKE '%:0000%'
        THEN length(old_id_numbers) = 31 AND substr(old_id_numbers, 22) < substr(old_id_numbers, 11, 10)
    WHEN old_id_numbers !~ '^[0-9]{{9}}[0-9:;-]*$' THEN true
    ELSE EXISTS (SELECT FROM string_to_table(old_id_numbers, ';') AS one
        WHERE split_part(one, ':', 1) !~ '^[0-9]{{9}}$' OR split_part(one, ':', 4) <> ''
            OR NOT is_day(nullif(split_part(one, ':', 2), '')) OR NOT is_day(nullif(split_part(one, ':', 3), ''))
            OR split_part(one, ':', 3) <> '' AND split_part(one, ':', 3) < split_part(one, ':', 2)) END"""

# $1 is the day of the load; a year or a month alone stands before the days in it.
_WRONG_BIRTH = """CASE WHEN birth_date IS NULL OR birth_date COLLATE "C" NOT BETWEEN '1850' AND $1::text THEN true
    WHEN length(birth_date) = 4 THEN birth_date !~ '^[0-9]{4}$'
    WHEN length(birth_date) = 7 THEN NOT is_day(birth_date || '-01')
    ELSE NOT is_day(birth_date) END"""

_RELATIONS = ", ".join(f"'{code}'" for code in RELATIONS if code != HEAD)
_WRONG_HOUSEHOLD = f"""CASE num_nulls(household_id, relation_to_head, head_number) WHEN 3 THEN false
    WHEN 0 THEN household_id ~ '[^A-Za-z0-9-]' OR length(household_id) > 40
        OR CASE WHEN head_number = personal_number THEN relation_to_head <> 'QH00'
            ELSE relation_to_head NOT IN ({_RELATIONS}) OR head_number !~ '^[0-9]{{12}}$' END
    ELSE true END"""

_WRONG_LIFE = """CASE WHEN coalesce(life_status, 'alive') = 'alive' THEN life_status_since IS NOT NULL
    ELSE life_status NOT IN ('dead', 'missing') OR NOT is_day(life_status_since)
        OR life_status_since COLLATE "C" > $1::text END"""

_NUMBER = ("personal_number", "personal_number IS NULL OR personal_number !~ '^[0-9]{12}$'")
_RULES: Final = (
    _NUMBER,
    ("name", _WRONG_NAME),
    ("birth_date", _WRONG_BIRTH),
    ("sex", "sex NOT IN ('0', '1', '2')"),
    ("marital_status", "marital_status NOT IN ('0', '1', '2', '3')"),
    ("ethnic_group", "ethnic_group !~ '^[0-9]{2}$'"),
    ("religion", "religion !~ '^[0-9]{2}$'"),
    ("nationality", "nationality <> 'VN' AND nationality !~ '^[A-Z]{2}$'"),
    ("blood_group", "blood_group NOT IN ('00', '01', '02', '03', '04')"),
    ("old_id_numbers", f"old_id_numbers IS NOT NULL AND {_WRONG_OLD}"),
    *((name, _wrong_place(name)) for name in PLACES),
    *((name, _wrong_relative(name)) for name in RELATIVES),
    ("household", _WRONG_HOUSEHOLD),
    ("life_status", _WRONG_LIFE),
)


def _judge(rules: Collection[tuple[str, str]]) -> str:
    whens = "\n".join(f"WHEN {condition} THEN '{code}'" for code, condition in rules)
    return f"SELECT line, code FROM (SELECT line, CASE {whens} END AS code FROM staged) judged WHERE code IS NOT NULL"  # noqa: S608


WRONG_PEOPLE: Final = _judge(_RULES)
WRONG_LIFE: Final = _judge((_NUMBER, ("life_status", f"life_status IS NULL OR {_WRONG_LIFE}")))
"""(line, code) of each line that must not be taken on the day $1 (yyyy-mm-dd); a condition that is unknown (NULL) is no
reason."""

BEFORE_BIRTH: Final = """
SELECT line FROM staged
WHERE left(life_status_since, length(birth_date)) COLLATE "C" < birth_date COLLATE "C"
"""
BEFORE_BIRTH_NOW: Final = """
SELECT line FROM staged JOIN person p USING (personal_number)
WHERE to_char(p.life_status_since, 'YYYYMMDD')::int
    < p.birth_year * 10000 + coalesce(p.birth_month, 0) * 100 + coalesce(p.birth_day, 0)
"""
"""Lines about somebody who is dead or missing since before they were born: by the line alone, or by what the table has
once the line is taken."""


def _place(name: str) -> str:
    return f"""CASE WHEN num_nonnulls({name}_unit, {name}_detail, {name}_country) > 0 THEN
        ROW(coalesce({name}_country, 'VN'), {name}_unit, {name}_unit_from::date,
            coalesce({name}_detail, ''))::place END"""


def _relative(name: str) -> str:
    return f"""CASE WHEN {name}_name IS NOT NULL THEN ROW({name}_name, {name}_personal_number,
        {name}_old_id_number, coalesce({name}_nationality, 'VN'))::relative END"""


_VALUES: Final = {
    "family_name": "coalesce(family_name, '')",
    "middle_name": "coalesce(middle_name, '')",
    "birth_year": "substr(birth_date, 1, 4)::smallint",
    "birth_month": "nullif(substr(birth_date, 6, 2), '')::smallint",
    "birth_day": "nullif(substr(birth_date, 9, 2), '')::smallint",
    "sex": "coalesce(sex, '0')::smallint",
    "marital_status": "coalesce(marital_status, '0')::smallint",
    "ethnic_group": "coalesce(ethnic_group, '99')",
    "religion": "coalesce(religion, '00')",
    "nationality": "coalesce(nationality, 'VN')",
    "blood_group": "coalesce(blood_group, '00')",
    "life_status": "coalesce(life_status, 'alive')",
    "life_status_since": "life_status_since::date",
    "old_id_number": "substr(split_part(old_id_numbers, ';', -1), 1, 9)",
    **{name: _place(name) for name in PLACES},
    **{name: _relative(name) for name in RELATIVES},
}
_SELECTED = ", ".join(_VALUES.get(name, name) for name in PERSON_COLUMNS)
_INTO = f"INSERT INTO person ({', '.join(PERSON_COLUMNS)}) SELECT {_SELECTED} FROM staged"  # noqa: S608

ADD_PEOPLE: Final = _INTO

THERE: Final = """
SELECT line FROM (
    SELECT line, personal_number, row_number() OVER (PARTITION BY personal_number ORDER BY line) AS nth FROM staged
) s WHERE nth > 1 OR EXISTS (SELECT FROM person p WHERE p.personal_number = s.personal_number)
"""
"""Lines about somebody who is in the table, or in an earlier line of the batch."""

EARLIER: Final = """
SELECT line FROM (
    SELECT line, row_number() OVER (PARTITION BY personal_number ORDER BY line DESC) AS nth FROM staged
) s WHERE nth > 1
"""
"""Of several lines about one person all but the last, which says what holds now."""


def update_people(header: Collection[str]) -> str:
    """Add people, or change those who are there in what `header` has columns for; counts who was added.

    Which old number is the newest of those who are there is not settled here (NEWEST).
    """
    kept = ("personal_number", "old_id_number")
    sets = ", ".join(
        f"{name} = excluded.{name}" for name in PERSON_COLUMNS if name not in kept and _is_told(name, header)
    )
    return f"""
WITH done AS ({_INTO} ON CONFLICT (personal_number) DO UPDATE SET {sets} RETURNING xmax = 0 AS added)
SELECT count(*) FILTER (WHERE added), count(*) FROM done
"""  # noqa: S608 - names of our own columns


def _is_told(column: str, header: Collection[str]) -> bool:
    if column.startswith("birth_") and column != "birth_registration":
        return True
    if column in PLACES or column in RELATIVES:
        return any(name.startswith(f"{column}_") for name in header)
    return column in header


# Whoever has one old number needs no set-returning function, which costs more than all the rest.
_OLD = """
SELECT substr(one, 1, 9) AS number, personal_number, nullif(split_part(one, ':', 2), '')::date AS valid_from,
    nullif(split_part(one, ':', 3), '')::date AS valid_until, line
FROM (
    SELECT line, personal_number, old_id_numbers AS one FROM staged WHERE old_id_numbers NOT LIKE '%;%'
    UNION ALL
    SELECT line, personal_number, one FROM staged, string_to_table(old_id_numbers, ';') AS one
    WHERE old_id_numbers LIKE '%;%'
) ones
"""
_OLD_ROWS = f"SELECT number, personal_number, valid_from, valid_until FROM ({_OLD}) o"  # noqa: S608
ADD_OLD: Final = f"INSERT INTO old_id_number {_OLD_ROWS}"
ADD_OLD_ONCE: Final = f"{ADD_OLD} ON CONFLICT DO NOTHING"
"""The same where a line names one number twice; it costs as much again."""
UPDATE_OLD: Final = f"""
INSERT INTO old_id_number SELECT DISTINCT ON (number, personal_number) * FROM ({_OLD_ROWS}) o
ON CONFLICT (number, personal_number) DO UPDATE SET
    valid_from = excluded.valid_from, valid_until = excluded.valid_until
WHERE num_nonnulls(excluded.valid_from, excluded.valid_until) > 0
"""  # noqa: S608
"""A number is never taken away by a load: whoever once held it is found under it."""


def _period(number: str, name: str) -> str:
    """The period of a number of the person of a staged line: the line's own, else the table's."""
    return f"""
LEFT JOIN LATERAL (
    SELECT valid_from, valid_until FROM (
        SELECT 1 AS nth, nullif(split_part(one, ':', 2), '')::date AS valid_from,
            nullif(split_part(one, ':', 3), '')::date AS valid_until
        FROM string_to_table(s.old_id_numbers, ';') AS one WHERE substr(one, 1, 9) = {number} AND one ~ ':[0-9]'
        UNION ALL
        SELECT 2, valid_from, valid_until FROM old_id_number
        WHERE number = {number} AND personal_number = s.personal_number
    ) told ORDER BY nth LIMIT 1
) {name} ON true"""  # noqa: S608 - names of our own columns


NEWEST: Final = f"""
UPDATE person SET old_id_number = newer.number FROM (
    SELECT s.personal_number, last.number
    FROM staged s JOIN person p USING (personal_number)
    CROSS JOIN LATERAL (SELECT substr(split_part(s.old_id_numbers, ';', -1), 1, 9) AS number) last
    {_period("last.number", "later")} {_period("p.old_id_number", "known")}
    WHERE s.old_id_numbers IS NOT NULL AND p.old_id_number IS DISTINCT FROM last.number AND CASE
        WHEN p.old_id_number IS NULL THEN true
        WHEN later.valid_from <> known.valid_from THEN later.valid_from > known.valid_from
        WHEN later.valid_until <= known.valid_from THEN false
        WHEN known.valid_until <= later.valid_from THEN true
        WHEN later.valid_until <> known.valid_until THEN later.valid_until > known.valid_until
        ELSE s.old_id_numbers LIKE '%' || p.old_id_number || '%' OR NOT EXISTS (
            SELECT FROM old_id_number WHERE number = last.number AND personal_number = s.personal_number)
    END
) newer WHERE person.personal_number = newer.personal_number
"""  # noqa: S608
"""Let the last number of a line be the newest of the person, where the periods say so; where they say nothing, when
it is new to the person or comes behind the one that was the newest. Asked before they go in."""

SHARED: Final = f"""
SELECT DISTINCT line FROM (
    SELECT line, number, personal_number, first_value(personal_number) OVER (PARTITION BY number ORDER BY line) AS first
    FROM ({_OLD}) o
) mine
WHERE first <> personal_number OR EXISTS (
    SELECT FROM old_id_number o WHERE o.number = mine.number AND o.personal_number <> mine.personal_number)
"""  # noqa: S608
"""Lines with an old number that somebody else has held, in the table or in an earlier line; asked before they go in."""

NOT_THERE: Final = """
SELECT line FROM staged s WHERE NOT EXISTS (SELECT FROM person p WHERE p.personal_number = s.personal_number)
"""
SET_LIFE: Final = """
UPDATE person SET life_status = s.life_status, life_status_since = s.life_status_since::date
FROM staged s WHERE person.personal_number = s.personal_number
"""
