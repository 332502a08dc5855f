"""What steps and gates are called, for people."""

from __future__ import annotations

from typing import Final

from ketnoi_protocol.services import Service
from ketnoi_securityserver.observer import CONSUMER, PROVIDER

STEPS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    CONSUMER: (
        ("đọc thông điệp", "read the message"),
        ("nhận diện hệ thống thông tin gọi", "recognise the calling system"),
        ("tìm đường tới bên cung cấp", "find the provider's server"),
        ("hệ thống này được đăng ký ở đây", "the system is registered here"),
        ("ký câu hỏi", "sign the question"),
        ("ghi nhật ký, bền vững trước khi gửi", "log, durable before sending"),
        ("gửi qua TLS hai chiều", "send over mutual TLS"),
        ("kiểm tra chữ ký của câu trả lời", "verify the answer's signature"),
        ("ghi nhật ký, trả lời", "log, answer"),
    ),
    PROVIDER: (
        ("chứng thư của bên kết nối", "whose certificate is this"),
        ("đọc gói tin", "read the transport message"),
        ("kiểm tra chứng thư, OCSP, chữ ký", "verify certificate, OCSP, signature"),
        ("chưa từng nhận thông điệp này", "never seen before"),
        ("quyền khai thác dịch vụ", "access right"),
        ("ghi nhật ký, bền vững trước khi hỏi", "log, durable before asking"),
        ("hỏi CSDLQG về dân cư", "ask the registry"),
        ("ký câu trả lời, ghi nhật ký", "sign the answer, log"),
        ("trả lời", "answer"),
    ),
}
"""Side → the nine steps in Vietnamese and English."""

GATES: Final[dict[str, tuple[str, str]]] = {
    "consumer": ("hệ thống thông tin gọi", "calling system"),
    "account": ("chữ ký của tài khoản tích hợp", "integration account's signature"),
    "message": ("cấu trúc thông điệp", "form of the message"),
    "organisation": ("đơn vị được phê duyệt", "organisation approved"),
    "procedure": ("thủ tục được phép", "procedure licensed"),
    "officer": ("tài khoản cán bộ", "officer's account"),
    "fields": ("trường được cấp phép", "fields licensed"),
    "repeat": ("câu hỏi gửi lại", "repeated question"),
    "quota": ("hạn mức khai thác", "quota"),
    "consent": ("sự đồng ý của công dân", "citizen's consent"),
    "look up": ("tra cứu", "look up"),
    "log": ("nhật ký tra cứu công dân", "access log"),
}

SERVICES: Final[dict[str, tuple[str, str]]] = {
    Service.CONFIRM_IDENTITY_NUMBER: ("Xác nhận số định danh và CMND", "Confirm personal number and old number"),
    Service.VERIFY_HOUSEHOLD: ("Xác thực thông tin hộ gia đình", "Verify a household"),
    Service.LOOK_UP_CITIZEN: ("Tra cứu thông tin công dân", "Look up a citizen"),
    Service.VERIFY_CITIZEN: ("Xác thực thông tin công dân", "Verify a citizen"),
}

METASERVICES: Final[dict[str, tuple[str, str]]] = {
    "listMethods": ("Hỏi danh sách dịch vụ (listMethods)", "Which services are there"),
    "allowedMethods": ("Hỏi các dịch vụ được phép (allowedMethods)", "Which services may be used"),
    "getOpenAPI": ("Hỏi mô tả dịch vụ (getOpenAPI)", "How a service is described"),
}
"""What a security server answers itself."""
