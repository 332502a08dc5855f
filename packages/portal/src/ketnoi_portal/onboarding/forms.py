"""The registration form as a page: its parts as forms, and how they become one Registration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from django import forms

from ketnoi_pages.fields import FIELDS, SENSITIVE
from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.certificates import PemError, read_upload, split
from ketnoi_portal.onboarding.registration import Contact, ServerEntry, ServiceEntry, entries
from ketnoi_portal.onboarding.uploads import say
from ketnoi_portal.onboarding.words import ENVIRONMENTS, service_title
from ketnoi_protocol.services import Environment, Platform, Service, System

Place = tuple[Environment, Platform, str]
_VERIFIES: Final = frozenset({Service.CONFIRM_IDENTITY_NUMBER, Service.VERIFY_CITIZEN})


def _line(vi: str, en: str, help_vi: str = "", help_en: str = "", **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=say(Text(vi, en)),
        help_text=say(Text(help_vi, help_en)),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs=attributes),
    )


def area(vi: str, en: str, help_vi: str = "", help_en: str = "", rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=say(Text(vi, en)),
        help_text=say(Text(help_vi, help_en)),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def _count(vi: str, en: str, largest: int) -> forms.IntegerField:
    return forms.IntegerField(label=say(Text(vi, en)), required=False, min_value=0, max_value=largest)


class Part(forms.Form):
    """A draft's part. What is marked as required here the pre-check asks for; a draft may still lack it."""

    use_required_attribute = False
    optional: tuple[str, ...] = ()

    def full_clean(self) -> None:
        """Keep what there is."""
        for field in self.fields.values():
            field.required = False
        super().full_clean()
        self.mark()

    def mark(self) -> None:
        """Mark what the pre-check asks for, so that the page calls the rest optional."""
        for name, field in self.fields.items():
            field.required = name not in self.optional


class BodyForm(Part):
    """The organisation's duties, the information system and its security level; volumes; the address for answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = [(0, "–"), *((level, str(level)) for level in range(1, 6))]
        self.fields |= {
            "duties": area("Chức năng, nhiệm vụ của cơ quan", "Functions and duties of the organisation"),
            "information_system": _line("Tên hệ thống thông tin", "Name of the information system"),
            "information_system_code": _line("Mã hệ thống thông tin", "Code of the information system"),
            "security_level": forms.TypedChoiceField(
                label=say(Text("Cấp độ an toàn đã được phê duyệt", "Approved security level")),
                help_text=say(
                    Text(
                        "Phải từ cấp độ 3 trở lên (Thông tư 46/2022/TT-BCA, Điều 6)",
                        "Level 3 or higher (circular 46/2022/TT-BCA, article 6)",
                    )
                ),
                choices=levels,
                coerce=int,
                empty_value=0,
                required=False,
            ),
            "level_decision": _line("Số quyết định phê duyệt cấp độ", "Number of the decision on the level"),
            "level_decision_date": forms.DateField(
                label=say(Text("Ngày quyết định", "Date of the decision")),
                required=False,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            ),
            "per_day": _count("Số lượt khai thác dự kiến mỗi ngày", "Expected calls a day", 100_000_000),
            "peak_per_second": _count("Số lượt cao điểm mỗi giây", "Peak calls a second", 100_000),
            "months": _count("Thời hạn đề nghị (tháng)", "Time asked for (months)", 600),
            "notify": _line(
                "Địa chỉ thư nhận kết quả",
                "E-mail address for answers",
                "Thư chỉ báo có việc mới và đường dẫn, không kèm dữ liệu",
                "Letters only say that something happened, with a link; no data",
                inputmode="email",
            ),
        }

    optional = ("information_system_code", "level_decision_date")
    SYSTEM = ("duties", "information_system", "information_system_code")
    LEVEL = ("security_level", "level_decision", "level_decision_date")
    VOLUMES = ("per_day", "peak_per_second", "months")

    def system_fields(self) -> list[forms.BoundField]:
        """For the section on the organisation and its system."""
        return [self[name] for name in (*self.SYSTEM, *self.LEVEL)]

    def volume_fields(self) -> list[forms.BoundField]:
        """For the section on volumes and time."""
        return [self[name] for name in self.VOLUMES]


class ServiceForm(Part):
    """One service: whether it is asked for, for which procedures, fields and purpose."""

    optional = ("match_fields",)

    def __init__(self, service: Service, system: System, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix=str(service), **kwargs)
        self.service, self.title = service, service_title(service, system)
        fields = [(name, f"{say(text)} ({name}){_mark(name)}") for name, text in FIELDS.items()]
        self.fields["chosen"] = forms.BooleanField(label=say(self.title), required=False)
        self.fields["procedures"] = area(
            "Mã thủ tục hành chính (MaDVC)", "Procedure codes (MaDVC)", "Mỗi dòng một mã, ví dụ G15-TP110", "One a line"
        )
        ticks = forms.CheckboxSelectMultiple(attrs={"class": "boxes"})
        if service is Service.LOOK_UP_CITIZEN:
            label = say(Text("Các trường cần nhận", "Fields to receive"))
            self.fields["fields"] = forms.MultipleChoiceField(label=label, choices=fields, required=False, widget=ticks)
        if service in _VERIFIES:
            label = say(Text("Các trường cần đối chiếu", "Fields to match"))
            self.fields["match_fields"] = forms.MultipleChoiceField(
                label=label, choices=fields, required=False, widget=ticks
            )
        self.fields["purpose"] = area("Mục đích khai thác", "Purpose")

    @property
    def is_open(self) -> bool:
        """Whether its part of the page stands open: it is chosen, or something in it is wrong."""
        return bool(self["chosen"].value() or self.errors)

    def clean_procedures(self) -> str:
        """Codes have at most 20 characters."""
        told = str(self.cleaned_data["procedures"])
        long = [code for code in _codes(told) if len(code) > 20]
        if long:
            mend = Text(f"Mã dài hơn 20 ký tự: {long[0]}", f"A code has over 20 characters: {long[0]}")
            raise forms.ValidationError(say(mend))
        return told

    def entry(self) -> ServiceEntry:
        """The service as the form names it."""
        told = self.cleaned_data
        return ServiceEntry(
            service=self.service,
            procedures=_codes(told["procedures"]),
            fields=tuple(told.get("fields", ())),
            match_fields=tuple(told.get("match_fields", ())),
            purpose=told["purpose"].strip(),
        )


def _mark(name: str) -> str:
    return f" – {say(Text('dữ liệu nhạy cảm', 'sensitive'))}" if name in SENSITIVE else ""


def _codes(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in re.split(r"[\s,;]+", text) if code))


class ServerForm(Part):
    """One security server on one platform in one environment, with its certificate or CSR, pasted or uploaded."""

    optional = ("upload",)

    def __init__(self, place: Place, organisation: str, *args: Any, **kwargs: Any) -> None:
        self.environment, self.platform, self.instance = place
        super().__init__(*args, prefix=f"{self.platform}-{self.environment}", **kwargs)
        self.environment_title = ENVIRONMENTS[self.environment]
        example = f"{self.instance}/GOV/{organisation}/SS01"
        self.fields["server"] = _line(
            "Mã định danh máy chủ bảo mật (SS)", "Security server identifier", f"Dạng {example}", f"As {example}"
        )
        self.fields["subsystem"] = _line("Mã hệ thống trên máy chủ", "Subsystem code", "Ví dụ MOTCUA", "Such as MOTCUA")
        self.fields["address"] = _line("Địa chỉ máy chủ", "Address of the server", "Tên miền hoặc IP trên mạng TSLCD")
        self.fields["pem"] = forms.CharField(
            label=say(Text("Chứng thư xác thực hoặc CSR (dán dạng PEM)", "Authentication certificate or CSR (PEM)")),
            required=False,
            max_length=9000,
            widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "code"}),
        )
        self.fields["upload"] = forms.FileField(
            label=say(Text("hoặc tải tệp lên (.pem, .crt, .cer, .der, .csr)", "or upload the file")), required=False
        )

    def clean(self) -> dict[str, Any]:
        """An upload takes the place of what was pasted; what is no PEM at all is refused here."""
        told = super().clean() or {}
        try:
            pem = read_upload(told["upload"]) if told.get("upload") else told.get("pem", "")
            told["certificate"], told["request"] = split(pem)
        except PemError as error:
            self.add_error("upload" if told.get("upload") else "pem", say(error.text))
        return told

    def entry(self) -> ServerEntry | None:
        """The server as the form names it; None when nothing is filled in."""
        told = self.cleaned_data
        lines = {name: told[name].strip() for name in ("server", "subsystem", "address")}
        if not any((*lines.values(), told["certificate"], told["request"])):
            return None
        return ServerEntry(
            platform=self.platform,
            environment=self.environment,
            certificate=told["certificate"],
            request=told["request"],
            **lines,
        )


class ContactForm(Part):
    """Somebody to reach."""

    optional = ("position", "phone", "email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {
            "name": _line("Họ và tên", "Full name"),
            "position": _line("Chức vụ", "Position"),
            "phone": _line("Điện thoại", "Phone", inputmode="tel"),
            "email": _line("Thư điện tử", "E-mail", inputmode="email"),
        }

    def contact(self) -> Contact:
        """The person as the form names them."""
        return Contact(**{name: value.strip() for name, value in self.cleaned_data.items()})


def places(system: System, services: Iterable[Service], profile: str) -> list[Place]:
    """Where servers are needed for some services: the test first, each platform once."""
    chosen = set(services)
    wanted = [entry for environment in Environment for entry in entries(system, chosen, environment, profile)]
    return sorted({(each.environment, each.platform, each.instance) for each in wanted}, reverse=True)


def initial_server(entry: ServerEntry | None) -> dict[str, str]:
    """A server's values in the form."""
    if entry is None:
        return {}
    return {
        "server": entry.server,
        "subsystem": entry.subsystem,
        "address": entry.address,
        "pem": "\n".join(part for part in (entry.certificate.strip(), entry.request.strip()) if part),
    }
