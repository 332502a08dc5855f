"""Transport messages with parts missing, doubled, out of order, or added after the signature."""

from collections.abc import Callable

import pytest

from journeys.peer import Peer
from ketnoi_securityserver import multipart

Parts = list[tuple[str, bytes]]

MISPLACED = {"invalid_message", "invalid_content_type"}

CHANGES: dict[str, tuple[Callable[[Parts], Parts], set[str]]] = {
    "no signature": (lambda parts: parts[:-1], {"missing_signature", "invalid_message"}),
    "no message": (lambda parts: [each for each in parts if "rest-request" not in each[0]], {"missing_rest"}),
    "no OCSP response": (lambda parts: parts[1:], {"ssl_authentication_failed"}),
    "no hash chain": (
        lambda parts: [each for each in parts if each[0] != "application/hash-chain"],
        {"invalid_message"},
    ),
    "two messages": (lambda parts: [*parts[:2], parts[1], *parts[2:]], MISPLACED),
    "two bodies": (lambda parts: [*parts[:3], parts[2], *parts[3:]], MISPLACED),
    "two signatures": (lambda parts: [*parts, parts[-1]], {"invalid_message"}),
    "something after the signature": (lambda parts: [*parts, ("text/plain", b"more")], {"invalid_message"}),
    "body before message": (
        lambda parts: [parts[0], parts[2], parts[1], *parts[3:]],
        {"missing_rest", "invalid_message"},
    ),
    "nothing": (lambda parts: [], {"mime_parsing_failed", "missing_rest", "invalid_message"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_refused_with_a_code(rogue: Peer, change: str, reached_the_registry: list[str]) -> None:
    alter, codes = CHANGES[change]
    content_type, data = rogue.question().written()
    boundary = multipart.boundary_of(content_type)
    parts = [(each.media_type, each.content) for each in multipart.read(data, boundary, most=20)]
    assert len(parts) == 6
    altered = multipart.write(boundary.decode(), alter(parts))
    assert rogue.send_octets(content_type, altered).code in codes
    assert reached_the_registry == []
    assert rogue.send_octets(content_type, multipart.write(boundary.decode(), parts)).answer is not None


def test_a_message_that_ends_in_the_middle_is_refused(rogue: Peer, reached_the_registry: list[str]) -> None:
    content_type, data = rogue.question().written()
    for end in (0, 10, len(data) // 2, len(data) - 5):
        assert rogue.send_octets(content_type, data[:end]).fault is not None
    assert reached_the_registry == []
