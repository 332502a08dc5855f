"""The guidance, sentence by sentence, and what carries each out.

Hướng dẫn các Bộ ngành, địa phương kết nối Cơ sở dữ liệu quốc gia về dân cư, Định danh và xác thực điện tử, parts 1 and
2. Steps, requirements and account steps name the passages that they carry out; what only a chart or the catalogue
carries is named here. A test compares the text with the guidance itself, and finds no passage that nothing carries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage: its number, its text, and what carries it out beside steps and requirements.

    `carried_by` names data or a place in the code. A title or citation carries nothing (`is_title`).
    """

    id: str
    text: str
    carried_by: tuple[str, ...] = ()
    is_title: bool = False


def _title(text: str) -> Passage:
    return Passage("", text, is_title=True)


PASSAGES: Final[tuple[Passage, ...]] = (
    _title("1. Hình thức kết nối:"),
    Passage(
        "1/1",
        "Hiện tại Cơ sở dữ liệu quốc gia về dân cư đang triển khai 04 dịch vụ (qua API), gồm: (1) Xác nhận số định danh"
        " cá nhân và chứng minh nhân dân; (2) Xác thực thông tin hộ gia đình; (3) Tra cứu thông tin công dân;"
        " (4) Xác thực thông tin công dân.",
        ("ketnoi_protocol.services.Service",),
    ),
    Passage(
        "1/2",
        "Các Bộ, ngành, địa phương khi có yêu cầu thực hiện kết nối đến CSDLQG về dân cư, tùy theo yêu cầu sử dụng các"
        " nền tảng khác nhau: Dịch vụ (1), (2), (3): Sử dụng nền tảng tích hợp, chia sẻ dữ liệu quốc gia VDXP của Văn"
        " phòng Chính phủ.",
        ("ketnoi_protocol.services.Catalogue", "ketnoi_portal.process.charts.Chart.operators"),
    ),
    Passage(
        "1/3",
        "Dịch vụ (4) sử dụng nền tảng tích hợp, chia sẻ dữ liệu quốc gia NDXP của Bộ Thông tin và truyền thông",
        ("ketnoi_protocol.services.Catalogue", "ketnoi_portal.process.charts.Chart.operators"),
    ),
    Passage(
        "1/4",
        "Đối với hệ thống Định danh và xác thực điện tử, sắp tới sẽ triển khai 04 dịch vụ giống như hệ thống Cơ sở dữ"
        " liệu quốc gia về dân cư (qua API) và sẽ sử dụng nền tảng tích hợp, chia sẻ dữ liệu quốc gia NDXP của Bộ Thông"
        " tin và truyền thông cho cả 04 dịch vụ trên.",
        ("ketnoi_protocol.services.Catalogue",),
    ),
    _title("2. Các bước thực hiện"),
    _title("2.1. Trên môi trường thử nghiệm"),
    Passage(
        "2.1/1",
        "Bước 1: Bộ, ngành, địa phương (gọi tắt là BNĐP) gửi yêu cầu đăng ký sử dụng dịch vụ và kiểm thử kết nối trên"
        " Hệ thống thử nghiệm (theo Mẫu tại Phụ lục 2, Công văn số 761/VPCP-KSTT) kèm theo mã định danh máy chủ bảo mật"
        " kết nối (SS-Secure Server) của đơn vị qua email: ketnoidancu@gmail.com (đối với hệ thống Cơ sở dữ liệu quốc"
        " gia về dân cư) hoặc ketnoidinhdanh@gmail.com (đối với hệ thống Định danh và xác thực điện tử) cho Cục C06 đề"
        " nghị triển khai kết nối thử nghiệm.",
    ),
    Passage(
        "2.1/2",
        "Bước 2: C06 mở cấu hình trên máy chủ bảo mật cho phép máy chủ của đơn vị kết nối được phép gọi tới (qua API);"
        " cung cấp tài khoản cho đơn vị tích hợp; kiểm tra kết nối giữa 02 hệ thống.",
    ),
    Passage("2.1/3", "Bước 3: BNĐP phối hợp C06 xây dựng, hoàn thiện API kết nối đã đăng ký."),
    Passage(
        "2.1/4",
        "Trong quá trình này, BNĐP hoàn thiện mẫu Phiếu khảo sát hệ thống kết nối với Cơ sở dữ liệu quốc gia về dân cư"
        " gửi A05 theo Kế hoạch số 490/KH-BCA-A05 ngày 22/11/2021 để được kiểm tra an ninh an toàn trước khi kết nối.",
    ),
    _title("2.2. Hoàn thiện thủ tục để chuyển sang môi trường chính thức"),
    Passage(
        "2.2/0",
        "BNĐP phối hợp C06 hoàn thành các thủ tục sau trước khi trình các cấp Lãnh đạo phê duyệt triển khai trên môi"
        " trường chính thức:",
    ),
    Passage(
        "2.2/1",
        "(1) Đăng ký sử dụng dịch vụ được cung cấp từ Cơ sở dữ liệu quốc gia về dân cư/Định danh và xác thực điện tử",
    ),
    Passage(
        "2.2/2",
        "(2) Đăng ký tài khoản sử dụng dịch vụ được cung cấp từ Cơ sở dữ liệu quốc gia về dân cư.",
    ),
    Passage("2.2/3", "(3) Cam kết bảo đảm an ninh, an toàn và bảo mật thông tin của tổ chức."),
    Passage(
        "2.2/4",
        "(4) Ký cam kết bảo đảm an ninh, an toàn và bảo mật thông tin của cá nhân (mỗi tài khoản người dùng tương ứng"
        " 01 bản cam kết).",
    ),
    Passage(
        "2.2/5",
        "(5) Văn bản xác nhận bảo đảm bảo mật, an ninh, an toàn thông tin của hệ thống công nghệ thông tin do A05, A06"
        " đánh giá.",
    ),
    Passage(
        "2.2/6",
        "Đối với kết nối hệ thống Định danh và xác thực điện tử, chỉ cần mục (1), (5) do tài khoản sử dụng dịch vụ là"
        " tài khoản định danh điện tử, việc cam kết bảo đảm an ninh, an toàn và bảo mật thông tin cá nhân đã được gắn"
        " với điều khoản sử dụng tài khoản định danh điện tử trong quá trình đăng ký tài khoảnl; đồng thời trong quá"
        " trình triển khai dịch vụ, công dân phải đồng ý chia sẻ thông tin cá nhân trên ứng dụng của Hệ thống định danh"
        " điện tử thì các hệ thống mới có thể chia sẻ dữ liệu và cung cấp các dịch vụ trên).",
        # That papers 2, 3 and 4 are not asked for; terms and consents are the identity side's, in these words.
        ("ketnoi_portal.process.requirements.POPULATION", "ketnoi_protocol.consent.ConsentState"),
    ),
    _title("Đơn vị tiếp nhận hồ sơ thủ tục:"),
    Passage(
        "2.2/7",
        "Các Bộ Ngành gửi C06 để C06 trình Lãnh đạo đồng ý chuyển chạy chính thức.",
        ("ketnoi_portal.process.charts.Chart.dossier_routes",),
    ),
    Passage(
        "2.2/8",
        "Các địa phương gửi PC06 làm đầu mối gửi C06.",
        ("ketnoi_portal.process.charts.Chart.dossier_routes",),
    ),
    _title("Phân cấp quản lý tài khoản như sau:"),
    Passage(
        "2.2/9",
        "Đối với người dùng tại cấp Bộ, cơ quan ngang Bộ, cơ quan thuộc Chính phủ gửi về Cục C06 tiếp nhận các bản cam"
        " kết bảo đảm an ninh, an toàn và bảo mật thông tin của tổ chức, cá nhân.",
        ("ketnoi_portal.process.charts.Chart.account_routes",),
    ),
    Passage(
        "2.2/10",
        "Đối với người dùng thuộc các Sở, ngành gửi về Phòng PC06 – Công an Tỉnh/Thành phố trực tiếp quản lý và theo"
        " dõi. Phòng PC06 tiếp nhận cam kết bảo đảm an ninh, an toàn và bảo mật thông tin của tổ chức, cá nhân và gửi"
        " thông tin tài khoản về Cục C06 để tạo tài khoản cho các cá nhân.",
        ("ketnoi_portal.process.charts.Chart.account_routes",),
    ),
    Passage(
        "2.2/11",
        "Đối với người dùng thuộc đơn vị cấp huyện, xã do Đội Quản lý hành chính về trật tự xã hội Công an huyện trực"
        " tiếp quản lý, theo dõi. Đội Quản lý hành chính về trật tự xã hội tiếp nhận các bản cam kết bảo đảm an ninh,"
        " an toàn và bảo mật thông tin của tổ chức, cá nhân. Tập hợp thông tin tài khoản gửi Phòng PC06 để gửi lên Cục"
        " C06 tạo tài khoản cho người dùng khai thác, sử dụng.",
        ("ketnoi_portal.process.charts.Chart.account_routes",),
    ),
    Passage(
        "2.2/12",
        "(Mục này không áp dụng với hệ thống Định danh và xác thực điện tử)",
        ("ketnoi_portal.process.requirements.POPULATION",),
    ),
)

PASSAGE: Final = {passage.id: passage for passage in PASSAGES if not passage.is_title}
