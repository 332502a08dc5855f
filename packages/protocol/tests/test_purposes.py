"""What an agency may write as a purpose: words, and nothing that a citizen could follow or be misled by."""

import pytest

from ketnoi_protocol.purposes import why_no_purpose


@pytest.mark.parametrize(
    "text",
    [
        "Đăng ký khai sinh cho con",
        "Cấp phiếu lý lịch tư pháp số 2; hồ sơ 000.00.12.H55-240105-0001",
        "Thủ tục 1.001234 tại UBND TP.HCM, Q.1, P.12 (mã G15.TP110)",
        "Xác minh theo Nghị định 69/2024/NĐ-CP, v.v.",
        "Cấp lại thẻ. Lần 2, ngày 1.2.2026",
        "Hỗ trợ 5.000.000 đồng/tháng & trợ cấp \\u0000",
    ],
)
def test_words_are_taken(text):
    assert why_no_purpose(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("  ", "nothing"),
        ("<b>x</b>", "tag"),
        ("＜b＞x", "tag"),
        ("Xem https://evil.example/ để nhận", "address"),
        ("Vào www.tienhotro và nhập mã", "address"),
        ("Vào evil.example nhận tiền", "address"),
        ("Vào EVIL.COM nhận tiền", "address"),
        ("Vào evil。com nhận tiền", "address"),
        ("Vào bit.ly/x nhận tiền", "address"),
        ("Vào 203.0.113.7 nhận tiền", "address"),
        ("Viết cho toi@co.quan", "address"),
        ("dòng một\ndòng hai", "line break"),
        ("dòng một\u2028dòng hai", "line break"),
        ("đảo \u202eưgn\u202c chữ", "hidden"),
        ("ev\u200bil", "hidden"),
        ("hồ sơ của 990089000124", "personal number"),
    ],
)
def test_what_is_none_is_told_why_without_being_quoted(text, why):
    told = why_no_purpose(text)
    assert told is not None
    assert why in told
    assert "evil" not in told.lower()
    assert "990089000124" not in told
