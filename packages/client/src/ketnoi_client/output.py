"""What the command prints: Vietnamese first, English second; JSON where it is asked for."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from ketnoi_client.agency import Sent
from ketnoi_client.doctor import Finding
from ketnoi_client.problems import KetnoiError, Refused, is_unusable, printable
from ketnoi_client.settings import Settings
from ketnoi_protocol.citizen import ATTRIBUTES, Citizen, Name
from ketnoi_protocol.envelope import CountAnswer, ExistsAnswer, HouseholdAnswer, LookUpAnswer
from ketnoi_protocol.services import Catalogue

if TYPE_CHECKING:
    from ketnoi_trust.evidence import Verdict


def show_answer(sent: Sent[Any], *, as_json: bool) -> None:
    """An answer, with the message id under which its evidence is found."""
    answer = sent.answer
    if as_json:
        told = {"messageId": sent.message_id, "instance": sent.instance, **msgspec.to_builtins(answer)}
        if isinstance(answer, LookUpAnswer):
            told["citizen"] = citizen_fields(answer.citizen) if answer.citizen is not None else None
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    for line in _lines(answer):
        print(printable(line))
    print(f"mã thông điệp · message id: {sent.message_id}")
    print(f"MaYeuCau: {sent.request_code}")
    if answer.consent is not None:
        print(f"MaGiaoDichDongY: {answer.consent}")


def _lines(answer: Any) -> list[str]:
    if isinstance(answer, ExistsAnswer):
        return ["CÓ, khớp · YES, they belong together" if answer.exists else "KHÔNG khớp · NO match"]
    if isinstance(answer, CountAnswer):
        head = "CÓ công dân này · YES, there is this citizen" if answer.count else "KHÔNG khớp · NO match"
        return [head, *(f"  {name}: {'đúng · yes' if yes else 'không · no'}" for name, yes in answer.results.items())]
    if isinstance(answer, HouseholdAnswer):
        return [
            f"thành viên · member {number}: "
            + ("cùng hộ · same household" if each.in_household else "không xác nhận · not confirmed")
            + (", đúng quan hệ · relation confirmed" if each.relation_confirmed else "")
            for number, each in enumerate(answer.members, start=1)
        ]
    if answer.citizen is None:
        return ["KHÔNG tìm thấy người khớp · NO matching citizen"]
    return [f"{name:22}{in_words(value)}" for name, value in citizen_fields(answer.citizen).items()]


def citizen_fields(citizen: Citizen) -> dict[str, Any]:
    """The fields that are there, by their official names."""
    return {name: _plain(getattr(citizen, ATTRIBUTES[name])) for name in citizen.fields}


def _plain(value: Any) -> Any:
    if isinstance(value, Name):
        return value.full
    if isinstance(value, msgspec.Struct):
        return {key: _plain(each) for key, each in msgspec.structs.asdict(value).items() if each not in (None, "")}
    return str(value) if value is not None else None


def in_words(value: Any) -> str:
    """A field's value on one line."""
    return (
        ", ".join(f"{key}: {in_words(each)}" for key, each in value.items()) if isinstance(value, dict) else str(value)
    )


def show_services(settings: Settings | None) -> None:
    """The services of the settings' environment, and which account and platform of theirs each goes over; without
    settings those of the profile that is shipped, in every environment."""
    if settings is None:
        print(
            "không có tệp cấu hình; hồ sơ đi kèm · no settings file; the profile that is shipped:",
            Catalogue.load().profile,
        )
    catalogue = Catalogue.load() if settings is None else settings.catalogue
    for entry in (*catalogue, *catalogue.consent_operations):
        if settings is None:
            mark = f"{entry.environment}:"
        elif entry.environment is settings.environment:
            mark = "✓" if entry.platform in settings.platforms and entry.system in settings.accounts else "·"
        else:
            continue
        print(f"{mark} {entry.title_vi} · {entry.title_en}")
        print(f"    {entry.system} · {entry.instance} · {entry.service_code} · MaTichHop {entry.ma_tich_hop}")


def show_finding(finding: Finding) -> None:
    """One check of the doctor."""
    print(
        f"{'✓' if finding.passed else '✗'} {finding.platform}: {finding.name_vi} · {finding.name_en}: {finding.found}"
    )
    if not finding.passed:
        print(f"    → {finding.mend}")


def show_failure(error: KetnoiError) -> None:
    """Why a command that was to print JSON has nothing else to print."""
    told: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, Refused):
        problem = error.problem
        told |= {"code": error.code, "hop": problem.hop, "who": problem.row.who, "detail": problem.detail}
        if error.retry_after:
            told["retryAfter"] = error.retry_after
    if error.request_code and not is_unusable(error):
        told |= {"messageId": error.message_id, "requestCode": error.request_code}
    print(json.dumps(told, ensure_ascii=False))


_LABELS = {
    "message": "thông điệp · message",
    "messageId": "mã thông điệp · message id",
    "signer": "bên ký · signed by",
    "client": "bên khai thác · client",
    "provider": "bên cung cấp · provider",
    "service": "dịch vụ · service",
    "signingTime": "ký lúc · signing time",
    "stampedAt": "dấu thời gian · time stamp",
    "parts": "phần · parts",
    "certificateSha256": "chứng thư · certificate",
}


def show_verdict(verdict: Verdict, *, as_json: bool) -> None:
    """What a container proves."""
    told = described(verdict)
    if as_json:
        print(json.dumps({"valid": True, **told}, ensure_ascii=False))
        return
    print("HỢP LỆ · VALID")
    for name, value in told.items():
        print(printable(f"  {_LABELS[name]:<30} {', '.join(value) if isinstance(value, list) else value}"))


def described(verdict: Verdict) -> dict[str, Any]:
    """A verdict in words; of the messages only which parts were there, never what they say."""
    message = verdict.message
    return {
        "message": "response" if message.is_response else "request",
        "messageId": message.message_id or "",
        "signer": str(verdict.signer),
        "client": str(message.client),
        "provider": str(message.provider),
        "service": message.service,
        "signingTime": verdict.signing_time.isoformat(),
        "stampedAt": verdict.stamped_at.isoformat(),
        "parts": [str(part) for part in verdict.messages],
        "certificateSha256": sha256(verdict.certificate).hexdigest(),
    }
