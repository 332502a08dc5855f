"""The form of each step: the fields that it needs and no others."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.files.fields import DocumentField
from ketnoi_portal.onboarding.uploads import keep, say
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.step import Step

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "confirm_security": ("number", "dated", "scope", "valid_until", "conditions", "findings", "file"),
    "deny_security": ("number", "dated", "reason", "file"),
    "decide": ("number", "dated", "opinion"),
}
_REASONS: Final = {
    "ask_agency": Text("Câu hỏi", "Question"),
    "answer_assessor": Text("Trả lời", "Answer"),
    "declare_change": Text("Thay đổi gì trong thiết kế", "What changes in the design"),
    "deny_security": Text("Kết quả đánh giá, lý do", "Findings and reason"),
}
_REASON: Final = Text("Lý do", "Reason")
_NUMBER: Final = Text("Số văn bản", "Number of the document")
_DATED: Final = Text("Ngày văn bản", "Date of the document")
_LATER: Final = Text("Ngày của văn bản không thể ở tương lai", "A document's date cannot lie in the future")
_PAST: Final = Text("Thời hạn phải sau ngày hôm nay", "The validity must end after today")

# What somebody should know before they press the button.
EXPLAINED: Final = {
    "claim": Text(
        "Bản này đến qua thư điện tử dưới tên cơ quan của bạn. Chỉ nhận khi đúng là của cơ quan; nếu không, hãy rút.",
        "It came by e-mail in your organisation's name. Claim it only if it is yours; withdraw it if it is not.",
    ),
    "discard": Text(
        "Bỏ thư rác hoặc thư gửi nhầm cơ quan; thư gốc trở lại bàn thư của C06.",
        "For junk, or the wrong organisation; the letter goes back to C06's mail desk.",
    ),
    "accept": Text(
        "C06 mở cấu hình trên máy chủ bảo mật thử nghiệm và cấp tài khoản tích hợp.",
        "C06 opens the test security server and issues the integration account.",
    ),
    "go_live": Text(
        "Mở chính thức đúng các dịch vụ, thủ tục và trường đã duyệt, đến hết thời hạn đề nghị.",
        "Opens production for exactly the approved services, procedures and fields, until the time asked for ends.",
    ),
    "declare_change": Text(
        "Văn bản xác nhận của A05, A06 hết giá trị cho đến khi đánh giá lại.",
        "The confirmations of A05 and A06 no longer count until the system is assessed again.",
    ),
    "replace_certificate": Text(
        "Kết quả thử nghiệm chỉ tính cho một chứng thư: phải kiểm tra và gọi thử lại.",
        "The test counts for one certificate only: check and test calls start anew.",
    ),
    "withdraw_commitment": Text("Tài khoản này không còn bản cam kết nào.", "This account has no commitment any more."),
    "suspend": Text("Đóng kết nối ngay ở cả hai môi trường.", "Closes the connection in both environments at once."),
    "revoke": Text("Đóng kết nối vĩnh viễn; muốn dùng lại phải đăng ký mới.", "Closes it for good."),
    "withdraw": Text("Đăng ký kết thúc; muốn tiếp tục phải lập đăng ký mới.", "Ends this application for good."),
}
DANGEROUS: Final = frozenset(
    {"refuse", "discard", "revoke", "withdraw", "suspend", "remove_from_platform", "deny_security", "decline"}
)


class StepForm(forms.Form):
    """The fields of one step. `unit` and `revision` travel along: for what, and as of which state it was seen."""

    unit = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, step: Step, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = step
        for name in _FIELDS.get(step.name, ("reason",) if step.needs_reason else ()):
            self.fields[name] = _field(name, step)

    def clean(self) -> dict[str, Any]:
        """Dates lie where they must."""
        given = super().clean() or {}
        if given.get("dated") and given["dated"] > clock.today():
            self.add_error("dated", say(_LATER))
        if given.get("valid_until") and given["valid_until"] <= clock.today():
            self.add_error("valid_until", say(_PAST))
        return given

    def given(self) -> Given:
        """What comes with the step."""
        told = self.cleaned_data
        file, name = keep(told["file"]) if told.get("file") else (None, "")
        return Given(
            reason=told.get("reason") or told.get("findings") or told.get("opinion") or "",
            number=told.get("number", ""),
            dated=told.get("dated"),
            scope=told.get("scope", ""),
            valid_until=told.get("valid_until"),
            conditions=told.get("conditions", ""),
            file=file,
            file_name=name,
        )


def _field(name: str, step: Step) -> forms.Field:
    area = forms.Textarea(attrs={"rows": 3})
    day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    match name:
        case "reason":
            return forms.CharField(label=say(_REASONS.get(step.name, _REASON)), max_length=4000, widget=area)
        case "number":
            return forms.CharField(label=say(_NUMBER), max_length=50)
        case "dated":
            return forms.DateField(label=say(_DATED), widget=day)
        case "scope":
            label = Text("Phạm vi xác nhận", "What it covers")
            return forms.CharField(label=say(label), max_length=4000, widget=area)
        case "valid_until":
            return forms.DateField(label=say(Text("Có giá trị đến hết ngày", "Valid until")), widget=day)
        case "conditions":
            label = Text("Điều kiện kèm theo", "Conditions")
            return forms.CharField(label=say(label), required=False, max_length=4000, widget=area)
        case "findings":
            label = Text("Kết quả đánh giá", "Findings")
            return forms.CharField(label=say(label), required=False, max_length=4000, widget=area)
        case "opinion":
            label = Text("Ý kiến", "Opinion")
            return forms.CharField(label=say(label), required=False, max_length=4000, widget=area)
        case _:
            label = Text("Văn bản (PDF hoặc bản quét)", "The document (PDF or scan)")
            return DocumentField(label=say(label), required=False)
