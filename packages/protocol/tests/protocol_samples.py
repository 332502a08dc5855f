"""Hypothesis strategies for what the protocol speaks of. Every personal number begins with 9, so nobody has it."""

from __future__ import annotations

import datetime

from hypothesis import strategies as st

from ketnoi_protocol.birth_date import BirthDate
from ketnoi_protocol.citizen import Citizen, Head, Life, LifeStatus, Name, Place, Relative
from ketnoi_protocol.consent import LONGEST_CONSENT, LONGEST_WAIT, SHORTEST_WAIT
from ketnoi_protocol.consent_messages import AskConsent, RequestConsent
from ketnoi_protocol.envelope import ClaimedMember, ConfirmRequest, HouseholdRequest, LookUpRequest, VerifyRequest
from ketnoi_protocol.personal_number import Sex
from ketnoi_protocol.services import Service

field_names = st.from_regex("[A-Za-z]{1,20}", fullmatch=True)
personal_numbers = st.from_regex("9[0-9]{11}", fullmatch=True)
consent_codes = st.from_regex("[A-Z2-7]{26}", fullmatch=True)
cards = st.from_regex(r"[A-Za-z0-9_-]{2,9}\.[A-Za-z0-9_-]{2,9}\.[A-Za-z0-9_-]{2,9}", fullmatch=True)
old_numbers = st.from_regex("[0-9]{9}", fullmatch=True)
words = st.sampled_from(["Nguyễn", "Trần", "Đặng", "Văn", "Thị", "An", "Bình", "Hoà", "Hòa", "Thuỷ", "Ưng", "Y"])
names = st.lists(words, min_size=1, max_size=6).map(" ".join)
plain = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=20)
codes = st.from_regex("[A-Z][0-9]{2}", fullmatch=True)

years = st.integers(1800, 2399)
full_dates = st.dates(datetime.date(1800, 1, 1), datetime.date(2399, 12, 31))
birth_dates = st.one_of(
    years.map(BirthDate),
    st.builds(BirthDate, years, st.integers(1, 12)),
    full_dates.map(lambda day: BirthDate(day.year, day.month, day.day)),
)
wire_births = st.one_of(full_dates.map(lambda day: f"{day:%Y-%m-%d}"), birth_dates.map(lambda date: f"{date.year:04}"))

_numbers = st.one_of(
    st.fixed_dictionaries({"personal_number": personal_numbers}, optional={"old_number": old_numbers}),
    st.fixed_dictionaries({"old_number": old_numbers}),
)
_header = st.fixed_dictionaries(
    {
        "ma_yeu_cau": plain,
        "ma_dvc": plain,
        "ma_tich_hop": st.from_regex("[0-9]{1,20}", fullmatch=True),
        "ma_don_vi": st.from_regex(r"[GH][0-9]{2}(\.[A-Z0-9]{1,10}){0,2}|000\.00\.[0-9]{2}\.H55", fullmatch=True),
        "ma_can_bo": st.from_regex("[a-z][a-z0-9._-]{0,10}", fullmatch=True),
        "officer_token": st.none() | cards,
    }
)


def _requests(kind, *, birth=wire_births, **more):
    claimed = st.fixed_dictionaries({"name": names, "birth_text": birth, "consent": st.none() | consent_codes, **more})
    return st.builds(lambda header, numbers, person: kind(**header, **numbers, **person), _header, _numbers, claimed)


_members = st.builds(
    lambda numbers, claimed: ClaimedMember(**numbers, **claimed),
    _numbers,
    st.fixed_dictionaries({"name": names, "birth_text": st.none() | wire_births, "relation": codes}),
)
requests = st.one_of(
    _requests(ConfirmRequest, birth=st.none() | wire_births),
    _requests(LookUpRequest),
    _requests(
        VerifyRequest,
        attributes=st.dictionaries(st.from_regex("[A-Za-z]{1,20}", fullmatch=True), plain, max_size=4),
    ),
    _requests(HouseholdRequest, members=st.lists(_members, min_size=1, max_size=4).map(tuple)),
)

_services = st.one_of(
    st.fixed_dictionaries(
        {
            "service": st.just(Service.LOOK_UP_CITIZEN),
            "fields": st.sets(field_names, min_size=1, max_size=40).map(tuple),
        }
    ),
    st.fixed_dictionaries(
        {"service": st.just(Service.VERIFY_CITIZEN), "fields": st.sets(field_names, max_size=40).map(tuple)}
    ),
    st.fixed_dictionaries({"service": st.sampled_from([Service.CONFIRM_IDENTITY_NUMBER, Service.VERIFY_HOUSEHOLD])}),
)
_wishes = st.fixed_dictionaries(
    {
        "name": names,
        "birth_text": wire_births,
        "purpose": words,
        "one_time": st.booleans(),
        "lasts": st.integers(1, LONGEST_CONSENT),
        "waits": st.none() | st.integers(SHORTEST_WAIT, LONGEST_WAIT),
    }
)
consent_messages = st.one_of(
    st.builds(
        lambda header, numbers, wish, of: RequestConsent(**header, **numbers, **wish, **of),
        _header, _numbers, _wishes, _services,
    ),
    st.builds(
        lambda header, service, consent: AskConsent(**header, service=service, consent=consent),
        _header, st.sampled_from(Service), consent_codes,
    ),
)  # fmt: skip

two_digits = st.from_regex("[0-9]{2}", fullmatch=True)
_relative = {
    "name": st.none() | names,
    "personal_number": st.none() | personal_numbers,
    "old_number": st.none() | old_numbers,
    "nationality": st.none() | st.just("LA"),
}
relatives = st.builds(Relative, **_relative)
places = st.builds(
    Place,
    province=st.none() | two_digits,
    district=st.none() | st.from_regex("[0-9]{3}", fullmatch=True),
    commune=st.none() | st.from_regex("[0-9]{5}", fullmatch=True),
    detail=st.none() | plain,
    country=st.sampled_from(["VN", "LA"]),
)
citizens = st.builds(
    Citizen,
    personal_number=st.none() | personal_numbers,
    old_number=st.none() | old_numbers,
    name=st.none() | st.builds(Name, family=st.just("") | words, middle=st.just("") | words, given=words),
    sex=st.none() | st.sampled_from(Sex),
    ethnic_group=st.none() | two_digits,
    religion=st.none() | two_digits,
    marital_status=st.none() | st.sampled_from("0123"),
    blood_group=st.none() | two_digits,
    birth=st.none() | birth_dates,
    birth_registration=st.none() | places,
    hometown=st.none() | places,
    permanent_residence=st.none() | places,
    current_residence=st.none() | places,
    nationality=st.none() | st.just("VN"),
    father=st.none() | relatives,
    mother=st.none() | relatives,
    spouse=st.none() | relatives,
    representative=st.none() | relatives,
    head=st.none() | st.builds(Head, **_relative, relation=codes),
    life=st.none() | st.builds(Life, status=st.sampled_from(LifeStatus), since=st.none() | st.dates()),
)
