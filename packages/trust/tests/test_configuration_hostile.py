"""Whatever comes in, within bounds of time, nothing but a refusal comes out."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketnoi_trust.configuration import Anchor, AnchorSource, Configuration, PrivateParams, SharedParams
from ketnoi_trust.configuration.values import MAX_FILE_BYTES
from ketnoi_trust.errors import Refused

from .cpu import in_time

HEAD = b'<x:conf xmlns:x="http://x-road.eu/xsd/xroad.xsd">'
READERS = [Anchor.parse, SharedParams.read, PrivateParams.read, Configuration.from_shared_params]


def deep(levels):
    return HEAD + b"<a>" * levels + b"</a>" * levels + b"</x:conf>"


HOSTILE = {
    "nothing": b"",
    "zeros": bytes(1_000_000),
    "not UTF-8": b'<?xml version="1.0" encoding="UTF-8"?><a>\xff\xfe</a>',
    "UTF-16 without its mark": "<a/>".encode("utf-16-le"),
    "an unknown encoding": b'<?xml version="1.0" encoding="EBCDIC-XX"?><a/>',
    "deep": deep(100),
    "very deep": deep(1_000_000),
    "wide": HEAD + b"<member/>" * 500_000 + b"</x:conf>",
    "one huge text": HEAD + b"<instanceIdentifier>" + b"A" * 20_000_000 + b"</instanceIdentifier></x:conf>",
    "many attributes": b"<x " + b" ".join(b'a%d="1"' % number for number in range(100_000)) + b"/>",
    "laughs": b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(1, 12))
    + b"]><l>&m;</l>",
    "an external entity": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + HEAD + b"&e;</x:conf>",
    "an external schema": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
    "too large": b" " * (MAX_FILE_BYTES + 1),
}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_time(read, name):
    with in_time(), pytest.raises(Refused):
        read(HOSTILE[name])


def test_a_million_digits_are_no_number(kit):
    data = kit.params(kit.approve(kit.authority())).write(6)
    with in_time(), pytest.raises(Refused):
        SharedParams.read(data.replace(b">3600<", b">" + b"9" * 1_000_000 + b"<"))


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_changed_byte_is_refused_or_read(kit, data):
    for read, whole in samples(kit):
        changed = bytearray(whole)
        changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
        try:
            read(bytes(changed))
        except Refused as refused:
            assert refused.code in {"malformed_global_conf", "incorrect_certificate"}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_element_moved_or_emptied_is_refused_or_read(kit, data):
    for read, whole in samples(kit):
        lines = whole.splitlines(keepends=True)
        one, two = (data.draw(st.integers(2, len(lines) - 1)) for _ in range(2))
        act = data.draw(st.sampled_from(["drop", "double", "swap"]))
        if act == "drop":
            del lines[one]
        elif act == "double":
            lines.insert(one, lines[one])
        else:
            lines[one], lines[two] = lines[two], lines[one]
        try:
            read(b"".join(lines))
        except Refused as refused:
            assert refused.code in {"malformed_global_conf", "incorrect_certificate"}


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    for read in READERS:
        with pytest.raises(Refused):
            read(data)


def samples(kit, made=[]):  # noqa: B006 - made once for all examples
    if not made:
        top = kit.authority()
        params = kit.params(kit.approve(top), authentication=(top.issue_authentication(),), publisher=top)
        anchor = Anchor.make(kit.instance, (AnchorSource("http://cs.example", (top.der,)),), kit.now)
        made += [(Configuration.from_shared_params, params.write(6)), (Anchor.parse, anchor.data)]
    return made
