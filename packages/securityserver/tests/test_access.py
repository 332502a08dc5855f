"""Access rights: default deny, path patterns, and the security server that a right may be used from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SecurityServerId, SubsystemId
from ketnoi_securityserver.access import AccessRights, judged_path, path_matches
from ketnoi_securityserver.serverconf import AccessRight

JUSTICE = SubsystemId("VDXP-TEST", "GOV", "G15", "MOTCUA")
PROVINCE = SubsystemId("VDXP-TEST", "GOV", "H55", "MOTCUA")
LOOK_UP = SubsystemId("VDXP-TEST", "GOV", "G01.C06", "DANCU").service("TraCuu")
CONFIRM = SubsystemId("VDXP-TEST", "GOV", "G01.C06", "DANCU").service("XacNhan")
OPENED = SecurityServerId("VDXP-TEST", "GOV", "G15", "SS01")
OTHER = SecurityServerId("VDXP-TEST", "GOV", "G15", "SS02")


def right(
    method: str = "*",
    path: str = "**",
    servers: tuple[SecurityServerId, ...] = (OPENED,),
    subject: SubsystemId = JUSTICE,
) -> AccessRight:
    return AccessRight(subject=subject, service=LOOK_UP, method=method, path=path, security_servers=servers)


def refusal(rights: list[AccessRight], *, client: SubsystemId = JUSTICE, server: SecurityServerId = OPENED,
            method: str = "POST", path: str = "/persons/1", service: object = LOOK_UP) -> str | None:  # fmt: skip
    try:
        AccessRights(rights).check_use(client, service, method, path, server)  # type: ignore[arg-type]
    except Refusal as refused:
        return refused.code
    return None


def test_without_a_right_everything_is_denied() -> None:
    assert refusal([]) == "access_denied"


def test_a_right_to_the_whole_service_covers_every_method_and_path() -> None:
    assert refusal([right()]) is None
    assert refusal([right()], method="DELETE", path="/") is None


def test_a_right_is_for_one_subsystem_and_one_service() -> None:
    assert refusal([right()], client=PROVINCE) == "access_denied"
    assert refusal([right()], service=CONFIRM) == "access_denied"


def test_a_right_to_an_endpoint_covers_that_endpoint_only() -> None:
    rights = [right("GET", "/persons/*")]
    assert refusal(rights, method="GET") is None
    assert refusal(rights, method="POST") == "access_denied"
    assert refusal(rights, method="GET", path="/persons/1/children") == "access_denied"


def test_rights_add_up() -> None:
    assert refusal([right("GET", "/a"), right("POST", "/b", (OTHER,))], method="GET", path="/a") is None
    assert refusal([right(servers=(OTHER,)), right()]) is None


def test_an_opened_subsystem_is_refused_from_another_server_with_a_code_of_its_own() -> None:
    assert refusal([right()], server=OTHER) == "server_not_opened"


def test_a_right_that_names_no_server_opens_none() -> None:
    assert refusal([right(servers=())]) == "server_not_opened"


def test_a_stranger_does_not_learn_that_a_server_is_missing() -> None:
    assert refusal([right(servers=(OTHER,))], client=PROVINCE) == "access_denied"


def test_empty_segments_must_be_allowed_in_both_readings() -> None:
    assert refusal([right("*", "//persons/*")], path="//persons/1") == "access_denied"
    assert refusal([right("*", "/persons/**")], path="/persons//1") is None


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("**", "/", True),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/", True),
        ("/a/*", "/a/b/c", False),
        ("/a/**", "/a/b/c", True),
        ("/a/*/c", "/a/b/c", True),
        ("/a/\\*", "/a/*", True),
        ("/a/\\*", "/a/b", False),
        ("/a.b", "/axb", False),
        ("/a", "/A", False),
        ("/a", "/a\n", False),
        ("/**/c", "/a/b/c", True),
        ("/a+", "/aa", False),
    ],
)
def test_patterns(pattern: str, path: str, covers: bool) -> None:
    assert path_matches(pattern, path) is covers


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("", "/"),
        ("/a/b", "/a/b"),
        ("/%C4%90%E1%BB%93ng", "/Đồng"),
        ("/100%25", "/100%"),
        ("/a..b/...", "/a..b/..."),
        ("/.well-known", "/.well-known"),
    ],
)
def test_rights_are_judged_on_the_decoded_path(raw: str, decoded: str) -> None:
    assert judged_path(raw) == decoded


@pytest.mark.parametrize(
    "raw",
    ["/..", "/a/../b", "/a/%2e%2E/b", "/a/.", "/a%2F..%2Fb", "/a%2Fb", "/a%2fb", "/a/..;x=1/b",
     "/a/%2e%2e%3Bx/b", "/%252e%252e/b", "/a%255Cb",
     "/a%5C..%5Cb", "/a\\b", "/%", "/%4", "/%zz", "/%FF", "/%00", "/%0d%0a", "/a%7f"],
)  # fmt: skip
def test_a_path_that_two_servers_could_read_differently_is_refused(raw: str) -> None:
    with pytest.raises(Refusal) as caught:
        judged_path(raw)
    assert caught.value.code == "bad_request"


@given(st.text(alphabet="/.%25eEfFcC;aB\\", max_size=30))
def test_no_accepted_path_holds_a_way_upwards(raw: str) -> None:
    try:
        path = judged_path("/" + raw)
    except Refusal:
        return
    assert not {"..", "."} & {segment.partition(";")[0] for segment in path.split("/")}
    assert "\\" not in path
