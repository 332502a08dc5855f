"""The places that the first three digits of a personal number mean: 63 provinces, 195 codes for births abroad.

Provinces: annex 1 of circular 07/2016/TT-BCA; they stay the provinces of before 1 July 2025, since numbers are not
renumbered. Countries, 101 to 295: annex 2, read from a public transcription that could not be compared with the
official print. In it two countries stand twice (Azerbaijan 113, 114; Croatia 147, 148); for the second of each no
name is given here. The names are for people to read: no number is ever refused because of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["province", "abroad", "unissued"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of birth registration. `name` is Vietnamese."""

    code: str
    name: str
    kind: Kind


_PROVINCES: Final = """
001 Hà Nội|002 Hà Giang|004 Cao Bằng|006 Bắc Kạn|008 Tuyên Quang|010 Lào Cai|011 Điện Biên|012 Lai Châu|014 Sơn La
015 Yên Bái|017 Hòa Bình|019 Thái Nguyên|020 Lạng Sơn|022 Quảng Ninh|024 Bắc Giang|025 Phú Thọ|026 Vĩnh Phúc
027 Bắc Ninh|030 Hải Dương|031 Hải Phòng|033 Hưng Yên|034 Thái Bình|035 Hà Nam|036 Nam Định|037 Ninh Bình
038 Thanh Hóa|040 Nghệ An|042 Hà Tĩnh|044 Quảng Bình|045 Quảng Trị|046 Thừa Thiên Huế|048 Đà Nẵng|049 Quảng Nam
051 Quảng Ngãi|052 Bình Định|054 Phú Yên|056 Khánh Hòa|058 Ninh Thuận|060 Bình Thuận|062 Kon Tum|064 Gia Lai
066 Đắk Lắk|067 Đắk Nông|068 Lâm Đồng|070 Bình Phước|072 Tây Ninh|074 Bình Dương|075 Đồng Nai
077 Bà Rịa - Vũng Tàu|079 Thành phố Hồ Chí Minh|080 Long An|082 Tiền Giang|083 Bến Tre|084 Trà Vinh|086 Vĩnh Long
087 Đồng Tháp|089 An Giang|091 Kiên Giang|092 Cần Thơ|093 Hậu Giang|094 Sóc Trăng|095 Bạc Liêu|096 Cà Mau
"""

# In the order of their codes, from 101 on; a hyphen where the name is in doubt.
_COUNTRIES: Final = """
Afghanistan|Ai Cập|Albania|Algérie|Andorra|Angola|Vương quốc Anh|Antigua và Barbuda|Áo|Ả Rập Xê Út|Argentina|Armenia
Azerbaijan|-|Ấn Độ|Bahamas|Bahrain|Ba Lan|Bangladesh|Barbados|Belarus|Belize|Benin|Bhutan|Bỉ|Bolivia
Bosnia và Herzegovina|Botswana|Bồ Đào Nha|Bờ Biển Ngà|Brasil|Brunei|Bulgaria|Burkina Faso|Burundi|Cabo Verde
Các Tiểu vương quốc Ả Rập Thống nhất|Cameroon|Campuchia|Canada|Chile|Colombia|Comoros|Cộng hòa Congo
Cộng hòa Dân chủ Congo|Costa Rica|Croatia|-|Cuba|Djibouti|Dominica|Cộng hòa Dominica|Đan Mạch|Đông Timor|Đức|Ecuador
El Salvador|Eritrea|Estonia|Ethiopia|Fiji|Gabon|Gambia|Ghana|Grenada|Gruzia|Guatemala|Guinea-Bissau
Guinea Xích Đạo|Guinea|Guyana|Haiti|Hà Lan|Hàn Quốc|Hoa Kỳ|Honduras|Hungary|Hy Lạp|Iceland|Indonesia|Iran|Iraq
Ireland|Israel|Jamaica|Jordan|Kazakhstan|Kenya|Kiribati|Kuwait|Síp|Kyrgyzstan|Lào|Latvia|Lesotho|Liban|Liberia
Libya|Liechtenstein|Litva|Luxembourg|Bắc Macedonia|Madagascar|Malawi|Malaysia|Maldives|Mali|Malta|Maroc
Quần đảo Marshall|Mauritanie|Mauritius|Mexico|Micronesia|Moldova|Monaco|Mông Cổ|Montenegro|Mozambique|Myanmar
Namibia|Nam Sudan|Nam Phi|Nauru|Na Uy|Nepal|New Zealand|Nicaragua|Niger|Nigeria|Nga|Nhật Bản|Oman|Pakistan|Palau
Panama|Papua New Guinea|Paraguay|Peru|Pháp|Phần Lan|Philippines|Qatar|Romania|Rwanda|Saint Kitts và Nevis
Saint Lucia|Saint Vincent và Grenadines|Samoa|San Marino|São Tomé và Príncipe|Séc|Sénégal|Serbia|Seychelles
Sierra Leone|Singapore|Slovakia|Slovenia|Quần đảo Solomon|Somalia|Sri Lanka|Sudan|Suriname|Eswatini|Syria
Tajikistan|Tanzania|Tây Ban Nha|Tchad|Thái Lan|Thổ Nhĩ Kỳ|Thụy Điển|Thụy Sĩ|Togo|Tonga|Triều Tiên
Trinidad và Tobago|Trung Quốc|Trung Phi|Tunisia|Turkmenistan|Tuvalu|Úc|Uganda|Ukraina|Uruguay|Uzbekistan|Vanuatu
Vatican|Venezuela|Ý|Yemen|Zambia|Zimbabwe
"""


def _entries(table: str) -> list[str]:
    return table.strip().replace("\n", "|").split("|")


PROVINCES: Final = {entry[:3]: Place(entry[:3], entry[4:], "province") for entry in _entries(_PROVINCES)}
ABROAD: Final = {
    str(code): Place(str(code), f"đăng ký ở nước ngoài, mã {code}" if name == "-" else name, "abroad")
    for code, name in enumerate(_entries(_COUNTRIES), 101)
}


def place_of(code: str) -> Place | None:
    """The place behind three digits; None when no place has them. Codes that begin with 9 were never issued."""
    if code[:1] == "9":
        return Place(code, "đầu số không cấp cho ai", "unissued")
    return PROVINCES.get(code) or ABROAD.get(code)
