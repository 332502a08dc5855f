"""The command `ketnoi`. Personal numbers are never given on the command line: they would stand in its history and in
the list of processes. They are asked for, or read as JSON from a file or standard input.

Exit status: 0 done (for `evidence verify`: valid), 1 refused or not found to be so, 2 unusable input or settings.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ketnoi_client import cli_batch, cli_consent, cli_gateway, doctor, evidence
from ketnoi_client.agency import Agency, Call, Sent
from ketnoi_client.cli_mends import with_option
from ketnoi_client.cli_question import Question, add_call, call_of, question_of
from ketnoi_client.output import show_answer, show_failure, show_finding, show_services, show_verdict
from ketnoi_client.problems import KetnoiError, Refused, UnusableInput, is_unusable
from ketnoi_protocol.consent import ANOTHER_QUESTION, NO_MORE
from ketnoi_protocol.services import Platform, System

REFUSED, UNUSABLE = 1, 2
_SETTINGS = "agency.toml"
FINAL = frozenset((ANOTHER_QUESTION, *NO_MORE))
"""Refusals after which the same question is refused again, whatever happens meanwhile."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    _write_what_can_be_written()
    options = _parser().parse_args(arguments)
    try:
        try:
            status = int(options.run(options))
        except KetnoiError as error:
            status = _failed(error, as_json=getattr(options, "json", False))
        except (KeyboardInterrupt, EOFError):
            status = _failed(UnusableInput("đã dừng · stopped"), as_json=getattr(options, "json", False))
        sys.stdout.flush()
        return status
    except OSError as error:
        # Whoever reads our output has gone, or its disk is full: a verdict that nobody saw was not given.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _say(f"không ghi được kết quả · the result cannot be written: {error.strerror}", UNUSABLE)


def _failed(error: KetnoiError, *, as_json: bool) -> int:
    error = with_option(error)
    if as_json:
        show_failure(error)
    if is_unusable(error):
        return _say(error, UNUSABLE)
    _say(error, REFUSED)
    if error.request_code and not (isinstance(error, Refused) and error.code in FINAL):
        again = "gửi lại cùng câu hỏi với · repeat the same question with: --request-code"
        _say(f"  mã thông điệp · message id: {error.message_id}\n  {again} {error.request_code}", REFUSED)
    return REFUSED


def _write_what_can_be_written() -> None:
    """A terminal that knows no Vietnamese letters gets escapes; it never changes an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(text: object, status: int) -> int:
    print(text, file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ketnoi", description="Gọi các dịch vụ dân cư qua máy chủ bảo mật · call the population services"
    )
    commands = parser.add_subparsers(required=True, metavar="LỆNH")
    for name, text, ask in (
        ("confirm", "xác nhận số định danh và CMND · confirm number and old number", _confirm),
        ("household", "xác thực hộ gia đình · verify a household", _household),
        ("look-up", "tra cứu công dân · look a citizen up", _look_up),
        ("verify", "xác thực công dân · verify a citizen", _verify_citizen),
    ):
        command = commands.add_parser(name, help=text, description=text)
        _with_settings(command)
        command.add_argument("--input", metavar="FILE", help="JSON (HoVaTen, SoDinhDanh, …); - là stdin · - is stdin")
        command.add_argument("--system", type=System, choices=list(System), default=System.POPULATION)
        command.add_argument(
            "--consent", metavar="MaGiaoDichDongY", help="sự đồng ý, cho hệ thống định danh · for the identity system"
        )
        add_call(command)
        command.set_defaults(run=_asking(ask, household=name == "household"))
    consent = commands.add_parser("consent", help="xin công dân đồng ý, hỏi trạng thái · ask for a citizen's consent")
    cli_consent.add_to(consent)
    batch = commands.add_parser("batch", help="hỏi cả danh sách · ask about a whole list")
    _with_settings(batch)
    cli_batch.add_to(batch)
    gateway = commands.add_parser("soap-gateway", help="cổng SOAP cho hệ thống hiện có · the gateway for SOAP callers")
    _with_settings(gateway)
    cli_gateway.add_to(gateway)
    services = commands.add_parser("services", help="các dịch vụ và mã · the services and their codes")
    services.add_argument(
        "--settings",
        metavar="FILE",
        help="tệp cấu hình; không có: agency.toml, hoặc hồ sơ đi kèm · settings file; else the shipped profile",
    )
    services.set_defaults(run=_services)
    doctor_command = commands.add_parser("doctor", help="vì sao không kết nối được · why does the connection not work")
    _with_settings(doctor_command)
    doctor_command.set_defaults(run=_doctor)
    _add_evidence(commands.add_parser("evidence", help="bằng chứng · evidence"))
    return parser


def _with_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--settings", metavar="FILE", default=_SETTINGS, help="tệp cấu hình · settings file")


def _add_evidence(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="LỆNH")
    fetch = commands.add_parser("fetch", help="tải bằng chứng của một lần gọi · fetch the evidence of one call")
    _with_settings(fetch)
    fetch.add_argument("message_id", metavar="MESSAGE-ID")
    fetch.add_argument("--out", type=Path, default=Path("evidence"), metavar="DIR")
    fetch.add_argument("--platform", type=Platform, choices=list(Platform))
    fetch.set_defaults(run=_fetch)
    verify = commands.add_parser("verify", help="kiểm tra bằng chứng, ngoại tuyến · verify evidence, offline")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument(
        "--trust", type=Path, required=True, metavar="PATH", help="thư mục cấu hình hoặc shared-params · configuration"
    )
    verify.add_argument("--strict", action="store_true", help="nghiêm hơn X-Road · stricter than X-Road")
    verify.add_argument("--json", action="store_true", help="in JSON · print JSON")
    verify.set_defaults(run=_verify)


Ask = Callable[[Agency, Question, Call], Sent[Any]]


def _confirm(agency: Agency, question: Question, call: Call) -> Sent[Any]:
    return agency.confirm_identity_number(question.person, **call)


def _household(agency: Agency, question: Question, call: Call) -> Sent[Any]:
    return agency.verify_household(question.person, [each.member for each in question.members], **call)


def _look_up(agency: Agency, question: Question, call: Call) -> Sent[Any]:
    return agency.look_up_citizen(question.person, **call)


def _verify_citizen(agency: Agency, question: Question, call: Call) -> Sent[Any]:
    return agency.verify_citizen(question.person, question.attributes, **call)


def _asking(ask: Ask, *, household: bool) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        with Agency.open(options.settings) as agency:
            question = question_of(options.input, household=household)
            call = call_of(options)
            call["system"], call["consent"] = options.system, options.consent
            sent = ask(agency, question, call)
        show_answer(sent, as_json=options.json)
        return 0 if sent.answer.ma_ket_qua == "00" else REFUSED

    return run


def _services(options: argparse.Namespace) -> int:
    if options.settings is None and not Path(_SETTINGS).exists():
        # Also for whoever has no settings yet: the table of refusals sends people here.
        show_services(None)
        return 0
    with Agency.open(options.settings or _SETTINGS) as agency:
        show_services(agency.settings)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    status = 0
    with Agency.open(options.settings) as agency:
        for finding in doctor.examine(agency):
            show_finding(finding)
            if not finding.passed:
                status = REFUSED
    return status


def _fetch(options: argparse.Namespace) -> int:
    with Agency.open(options.settings) as agency:
        try:
            for path in evidence.fetch(agency, options.message_id, options.out, options.platform):
                print(path)
        except OSError as error:
            raise UnusableInput(f"{options.out}: không ghi được · cannot be written: {error.strerror}") from error
    return 0


def _verify(options: argparse.Namespace) -> int:
    try:
        from ketnoi_trust.errors import Refused as NotProved
    except ImportError:
        raise UnusableInput(
            "cần ketnoi-trust · ketnoi-trust is needed: pip install 'ketnoi-client[evidence]'"
        ) from None
    try:
        verdict = evidence.verify(options.file, options.trust, strict=options.strict)
    except NotProved as refused:
        if options.json:
            told = {"valid": False, "code": refused.code, "message": refused.message, "step": refused.step}
            print(json.dumps(told, ensure_ascii=False))
        else:
            print(f"KHÔNG HỢP LỆ · NOT VALID  [{refused.code}] {refused.message}")
        return REFUSED
    show_verdict(verdict, as_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
