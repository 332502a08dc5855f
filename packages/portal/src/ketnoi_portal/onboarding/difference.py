"""What an application to renew or extend changes, beside the one that is live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from ketnoi_pages.fields import FIELDS
from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.registration import Registration, ServiceEntry
from ketnoi_portal.onboarding.sign_in import SignInEntry
from ketnoi_portal.onboarding.words import ENVIRONMENTS, service_title
from ketnoi_protocol.services import System


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `kind` is `added`, `removed` or `changed`."""

    what: Text
    kind: str
    before: str
    after: str


KINDS: Final = {
    "added": Text("Thêm", "Added"),
    "removed": Text("Bỏ", "Removed"),
    "changed": Text("Đổi", "Changed"),
}
_LINES: Final = {
    "duties": Text("Chức năng, nhiệm vụ", "Functions and duties"),
    "information_system": Text("Hệ thống thông tin", "Information system"),
    "information_system_code": Text("Mã hệ thống", "System's code"),
    "security_level": Text("Cấp độ an toàn", "Security level"),
    "level_decision": Text("Quyết định phê duyệt cấp độ", "Decision on the level"),
    "level_decision_date": Text("Ngày quyết định", "Date of the decision"),
    "per_day": Text("Lượt mỗi ngày", "Calls a day"),
    "peak_per_second": Text("Lượt cao điểm mỗi giây", "Peak calls a second"),
    "months": Text("Thời hạn (tháng)", "Time (months)"),
    "notify": Text("Thư nhận kết quả", "E-mail for answers"),
}


def difference(live: Registration, new: Registration, system: System) -> list[Change]:
    """Everything that the new form changes: services, procedures, fields, servers, volumes, dates, contacts."""
    return [
        *_services(live, new, system),
        *_servers(live, new),
        *_sign_in(live, new),
        *_lines(live, new),
        *_contacts(live, new),
    ]


def _services(live: Registration, new: Registration, system: System) -> Iterator[Change]:
    before = {each.service: each for each in live.services}
    after = {each.service: each for each in new.services}
    for service in sorted({*before, *after}):
        title = service_title(service, system)
        old, fresh = before.get(service), after.get(service)
        if old is None or fresh is None:
            yield Change(title, "removed" if fresh is None else "added", "", "")
        if fresh is not None:
            yield from _entry(old or ServiceEntry(service=service), fresh, title)


def _entry(old: ServiceEntry, new: ServiceEntry, title: Text) -> Iterator[Change]:
    parts = (
        (Text("thủ tục", "procedure"), old.procedures, new.procedures),
        (Text("trường nhận về", "field"), old.fields, new.fields),
        (Text("trường đối chiếu", "field to match"), old.match_fields, new.match_fields),
    )
    for name, was, is_now in parts:
        what = Text(f"{title.vi}: {name.vi}", f"{title.en}: {name.en}")
        for value in sorted({*is_now} - {*was}):
            yield Change(what, "added", "", _named(value))
        for value in sorted({*was} - {*is_now}):
            yield Change(what, "removed", _named(value), "")
    if old.purpose.strip() != new.purpose.strip():
        what = Text(f"{title.vi}: mục đích", f"{title.en}: purpose")
        yield Change(what, "changed" if old.purpose.strip() else "added", old.purpose, new.purpose)


def _named(value: str) -> str:
    return f"{FIELDS[value].vi} ({value})" if value in FIELDS else value


def _servers(live: Registration, new: Registration) -> Iterator[Change]:
    before = {(each.platform, each.environment): each for each in live.servers}
    after = {(each.platform, each.environment): each for each in new.servers}
    for key in sorted({*before, *after}):
        environment = ENVIRONMENTS[key[1]]
        old, fresh = before.get(key), after.get(key)
        was, is_now = (each.server if each else "" for each in (old, fresh))
        what = Text(f"Máy chủ {key[0]}, {environment.vi}", f"Server on {key[0]}, {environment.en}")
        if was != is_now:
            yield Change(what, "added" if not was else "removed" if not is_now else "changed", was, is_now)
        elif old and fresh and (old.certificate, old.request) != (fresh.certificate, fresh.request):
            what = Text(f"{what.vi}: chứng thư", f"{what.en}: certificate")
            yield Change(what, "changed", "", "")


def _sign_in(live: Registration, new: Registration) -> Iterator[Change]:
    before, after = ({each.environment: each for each in form.sign_in} for form in (live, new))
    for environment in sorted({*before, *after}):
        where = ENVIRONMENTS[environment]
        old = before.get(environment) or SignInEntry(environment=environment)
        fresh = after.get(environment) or SignInEntry(environment=environment)
        what = Text(f"Đăng nhập bằng eID, {where.vi}", f"Signing in with eID, {where.en}")
        for address in sorted({*fresh.redirects} - {*old.redirects}):
            yield Change(what, "added", "", address)
        for address in sorted({*old.redirects} - {*fresh.redirects}):
            yield Change(what, "removed", address, "")
        if old.key.strip() != fresh.key.strip():
            yield Change(Text(f"{what.vi}: khóa", f"{what.en}: key"), "changed", "", "")


def _lines(live: Registration, new: Registration) -> Iterator[Change]:
    for name, what in _LINES.items():
        was, is_now = getattr(live, name), getattr(new, name)
        if was != is_now:
            yield Change(what, "changed", _shown(was), _shown(is_now))


def _shown(value: object) -> str:
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else "" if value is None else str(value)


def _contacts(live: Registration, new: Registration) -> Iterator[Change]:
    for name, what in (
        ("technical", Text("Cán bộ kỹ thuật", "Technical contact")),
        ("head", Text("Thủ trưởng", "Head")),
    ):
        was, is_now = getattr(live, name), getattr(new, name)
        if was != is_now:
            yield Change(what, "changed", was.name, is_now.name)
