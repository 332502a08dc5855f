"""What people are told about their roles: a letter in both languages, with a link and no data."""

from __future__ import annotations

from django.urls import reverse

from ketnoi_portal.notices.models import Letter
from ketnoi_portal.settings import current
from ketnoi_portal.staff.models import Admission, Invitation, Person


def _link(path: str) -> str:
    return current().public(path)


def invited(invitation: Invitation, secret: str) -> None:
    """The invitation itself. The outbox holds the link until the letter has left; it works once and for a week."""
    Letter.write(
        invitation.email,
        "Lời mời làm việc trên Cổng đăng ký kết nối · Invitation to the connection portal",
        f"Anh/chị được mời giữ vai trò «{invitation.role_title.vi}» tại {invitation.place_title}.\n"
        f"Mở đường dẫn sau để nhận lời (dùng một lần, trong 7 ngày):\n\n"
        f"{_link(reverse('staff:invitation', args=[secret]))}\n\n"
        f"You are invited as «{invitation.role_title.en}» at {invitation.place_title}. "
        "The link above works once, for 7 days.\n",
    )


def admission_refused(admission: Admission) -> None:
    """The desk did not let the representative in."""
    Letter.write(
        admission.email,
        "Đề nghị mở tài khoản chưa được chấp nhận · Your request was not accepted",
        f"Lý do: {admission.reason}\n\nGửi lại đề nghị tại: {_link(reverse('staff:admission'))}\n\n"
        "The reason is given above in the words of the desk. You may ask again by the link.\n",
        key=f"admission-refused:{admission.pk}",
    )


def second_factor_reset(person: Person) -> None:
    """Somebody took away their second factor, at their own wish or not."""
    Letter.write(
        person.email,
        "Yếu tố xác thực thứ hai đã được đặt lại · Your second factor was reset",
        "Người quản lý nhân sự của anh/chị vừa đặt lại yếu tố xác thực thứ hai. Lần đăng nhập tới phải bật lại. Nếu "
        "anh/chị không yêu cầu việc này, hãy báo ngay.\n\n"
        f"{_link('/')}\n\nYour second factor was reset by whoever manages people in your office. If you did not ask "
        "for it, say so at once.\n",
    )
