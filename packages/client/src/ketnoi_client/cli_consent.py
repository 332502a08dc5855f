"""The command `ketnoi consent`: ask a citizen, and see what they said."""

from __future__ import annotations

import argparse
import json

import msgspec

from ketnoi_client import consents
from ketnoi_client.agency import Agency, Sent
from ketnoi_client.cli_question import add_call, call_of, question_of
from ketnoi_client.problems import printable
from ketnoi_protocol.consent import LONGEST_CONSENT, LONGEST_PURPOSE, LONGEST_WAIT, SHORTEST_WAIT, ConsentState
from ketnoi_protocol.consent_messages import WITH_FIELDS, ConsentBegun, ConsentStanding
from ketnoi_protocol.services import Service

NOT_AGREED = 1
IN_WORDS = {
    ConsentState.WAITING: "chờ công dân trả lời · the citizen has not answered yet",
    ConsentState.AGREED: "công dân đồng ý · the citizen agrees",
    ConsentState.REFUSED: "công dân từ chối · the citizen refuses",
    ConsentState.EXPIRED: "hết hạn · expired",
    ConsentState.REVOKED: "công dân đã rút lại · the citizen has taken it back",
}
USED_UP = "  đã dùng: câu hỏi mới cần sự đồng ý mới (58) · used up: another question needs a new consent"
_FIELDS_HELP = (
    f"các trường · fields; look_up_citizen: {', '.join(WITH_FIELDS[Service.LOOK_UP_CITIZEN])}; "
    f"verify_citizen: {', '.join(WITH_FIELDS[Service.VERIFY_CITIZEN])}"
)


def add_to(parser: argparse.ArgumentParser) -> None:
    """Give the command its arguments."""
    commands = parser.add_subparsers(required=True, metavar="LỆNH")
    ask = commands.add_parser("ask", help="xin đồng ý · ask for a consent")
    ask.add_argument("--input", metavar="FILE", help="JSON (HoVaTen, SoDinhDanh, …); - là stdin · - is stdin")
    ask.add_argument("--fields", nargs="+", default=(), metavar="TRƯỜNG", help=_FIELDS_HELP)
    ask.add_argument(
        "--purpose",
        required=True,
        metavar="MỤC-ĐÍCH",
        help=f"mục đích, hiện cho công dân, tối đa {LONGEST_PURPOSE} ký tự · shown to the citizen, at most so long",
    )
    ask.add_argument("--lasting", action="store_true", help="nhiều lần, tới khi hết hạn · for more than one question")
    ask.add_argument(
        "--seconds",
        type=int,
        default=consents.A_DAY,
        metavar="GIÂY",
        help=f"thời hạn kể từ lúc đồng ý, 1 tới {LONGEST_CONSENT} (365 ngày); mặc định {consents.A_DAY} (một ngày)"
        " · for how long once agreed to; a day unless given",
    )
    ask.add_argument(
        "--wait",
        type=int,
        metavar="GIÂY",
        help=f"chờ công dân trả lời, {SHORTEST_WAIT} tới {LONGEST_WAIT} (7 ngày): cho người phải đến Công an cấp xã;"
        " không ghi: 15 phút · for how long the citizen can answer; a quarter of an hour unless given",
    )
    ask.set_defaults(run=_ask)
    state = commands.add_parser(
        "state", help="trạng thái · how it stands; exit status 0 when agreed to and, for one time, not used yet"
    )
    state.add_argument("code", metavar="MaGiaoDichDongY")
    state.set_defaults(run=_state)
    for command in (ask, state):
        command.add_argument("--settings", metavar="FILE", default="agency.toml", help="tệp cấu hình · settings file")
        command.add_argument("--service", type=Service, choices=list(Service), required=True, help="dịch vụ · service")
        add_call(command)


def _ask(options: argparse.Namespace) -> int:
    with Agency.open(options.settings) as agency:
        sent = consents.request(
            agency,
            question_of(options.input).person,
            options.service,
            purpose=options.purpose,
            fields=options.fields,
            one_time=not options.lasting,
            lasts=options.seconds,
            waits=options.wait,
            **call_of(options),
        )
    _show(sent, as_json=options.json)
    return 0


def _state(options: argparse.Namespace) -> int:
    with Agency.open(options.settings) as agency:
        sent = consents.state(agency, options.code, options.service, **call_of(options))
    _show(sent, as_json=options.json)
    answer = sent.answer
    if answer.used and not options.json:
        print(USED_UP)
    return 0 if answer.state is ConsentState.AGREED and not answer.used else NOT_AGREED


def _show(sent: Sent[ConsentBegun] | Sent[ConsentStanding], *, as_json: bool) -> None:
    answer = sent.answer
    told = msgspec.to_builtins(answer)
    if as_json:
        print(json.dumps({"messageId": sent.message_id, "instance": sent.instance, **told}, ensure_ascii=False))
        return
    print(f"{answer.state.value}: {IN_WORDS[answer.state]}")
    for name, value in told.items():
        if name not in ("TrangThai", "MaKetQua", "MaYeuCau"):
            print(printable(f"  {name:18}{_in_words(value)}"))
    print(f"mã thông điệp · message id: {sent.message_id}")


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "có · yes" if value else "không · no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
