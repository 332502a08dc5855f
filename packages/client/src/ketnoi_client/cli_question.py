"""What the command's messages have in common: about whom they are, and what may be given beside that."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

import msgspec

from ketnoi_client.agency import Call, Member, Person
from ketnoi_client.problems import UnusableInput
from ketnoi_protocol.citizen import Personal


class Question(Personal, forbid_unknown_fields=True, frozen=True):
    """What `--input` reads: the official field names, as in the messages themselves."""

    name: str = msgspec.field(name="HoVaTen")
    personal_number: str | None = msgspec.field(name="SoDinhDanh", default=None)
    old_number: str | None = msgspec.field(name="SoCMND", default=None)
    birth: str | None = msgspec.field(name="NgayThangNamSinh", default=None)
    attributes: dict[str, str] = msgspec.field(name="ThuocTinh", default_factory=dict)
    members: tuple[ClaimedMember, ...] = msgspec.field(name="ThanhVien", default=())

    @property
    def person(self) -> Person:
        """Whom it is about."""
        return Person(self.personal_number, self.old_number, self.name, self.birth)


class ClaimedMember(Personal, forbid_unknown_fields=True, frozen=True):
    """One claimed member of a household."""

    name: str = msgspec.field(name="HoVaTen")
    relation: str = msgspec.field(name="QuanHe")
    personal_number: str | None = msgspec.field(name="SoDinhDanh", default=None)
    old_number: str | None = msgspec.field(name="SoCMND", default=None)
    birth: str | None = msgspec.field(name="NgayThangNamSinh", default=None)

    @property
    def member(self) -> Member:
        """The same for a call."""
        return Member(self.personal_number, self.old_number, self.name, self.birth, self.relation)


def add_call(command: argparse.ArgumentParser) -> None:
    """What any message may be given beside its question."""
    command.add_argument("--officer", metavar="MaCanBo", help="mã tài khoản cán bộ · MaCanBo")
    command.add_argument("--officer-token", metavar="FILE", help="thẻ cán bộ (TheCanBo) · the officer's token")
    command.add_argument(
        "--message-id", metavar="X-Road-Id", help="X-Road-Id mà thẻ được cấp cho · for which the token was issued"
    )
    command.add_argument("--procedure", metavar="MaDVC", help="mã thủ tục · MaDVC")
    command.add_argument("--unit", metavar="MaDonVi", help="mã đơn vị · MaDonVi")
    command.add_argument(
        "--issue", metavar="X-Road-Issue", help="mã hồ sơ của cơ quan (X-Road-Issue) · the agency's own case number"
    )
    command.add_argument("--request-code", metavar="MaYeuCau", help="MaYeuCau, để gửi lại · to repeat a question")
    command.add_argument("--json", action="store_true", help="in JSON · print JSON")


def call_of(options: argparse.Namespace) -> Call:
    """The same as a call takes it. Raises UnusableInput when the token's file cannot be read."""
    token = None
    if options.officer_token is not None:
        try:
            token = Path(options.officer_token).read_text(encoding="ascii").strip()
        except OSError as error:
            raise UnusableInput(
                f"--officer-token {options.officer_token}: không đọc được · cannot be read: {error.strerror}"
            ) from None
        except UnicodeDecodeError:
            raise UnusableInput(f"--officer-token {options.officer_token}: không phải thẻ · holds no card") from None
    return Call(
        officer=options.officer,
        officer_token=token,
        message_id=options.message_id,
        procedure=options.procedure,
        unit=options.unit,
        request_code=options.request_code,
        issue=options.issue,
    )


def question_of(source: str | None, *, household: bool = False) -> Question:
    """The question that `--input` names, or what is typed. Raises UnusableInput."""
    if source is None:
        if not sys.stdin.isatty():
            raise UnusableInput("cho câu hỏi bằng --input FILE (hoặc -) · give the question with --input FILE (or -)")
        return _asked(household=household)
    try:
        text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UnusableInput(f"{source}: không đọc được · cannot be read: {error.strerror}") from error
    try:
        return msgspec.json.decode(text, type=Question)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec names fields and types, never values.
        raise UnusableInput(f"câu hỏi không đúng dạng · the question has a wrong form: {error}") from None


def _asked(*, household: bool) -> Question:
    """At a terminal: numbers are typed without being shown."""
    number, old = _numbers("")
    name = input("Họ và tên · full name: ").strip()
    birth = input("Ngày sinh yyyy-mm-dd hoặc yyyy · birth date: ").strip() or None
    members = []
    while household:
        relation = input("Quan hệ với chủ hộ (QH00…; để trống là hết) · relation to the head, empty to end: ").strip()
        if not relation:
            break
        member_name = input("  Họ và tên · full name: ").strip()
        member_number, member_old = _numbers("  ")
        members.append(ClaimedMember(member_name, relation, member_number, member_old))
    return Question(name, number, old, birth, members=tuple(members))


def _numbers(indent: str) -> tuple[str | None, str | None]:
    """The personal number, or else the old one."""
    number = getpass.getpass(f"{indent}Số định danh (để trống nếu dùng CMND) · personal number: ").strip()
    if number:
        return number, None
    return None, getpass.getpass(f"{indent}Số CMND · old ID number: ").strip() or None
