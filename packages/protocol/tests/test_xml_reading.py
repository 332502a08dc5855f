"""XML from strangers: read within bounds, refused with one code, never quoted."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.xml_reading import MAX_DEPTH, MAX_ELEMENTS, read_xml

SECRET = "990089000123"
BOMB = "<!DOCTYPE a [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


def refused(octets):
    with pytest.raises(Refusal) as caught:
        read_xml(octets)
    assert caught.value.code == "10"
    assert caught.value.__cause__ is None
    assert SECRET not in str(caught.value)
    return caught.value.detail


def test_names_attributes_and_texts_are_read():
    root = read_xml(
        '<a xmlns="urn:x" b="1" y:c="2" xmlns:y="urn:y"> <y:d> Ân&#x20AC;<![CDATA[<]]> </y:d><e/></a>'.encode()
    )
    assert (root.namespace, root.name, root.text) == ("urn:x", "a", "")
    assert root.attributes == {("", "b"): "1", ("urn:y", "c"): "2"}
    first, second = root.children
    assert (first.namespace, first.name, first.value) == ("urn:y", "d", "Ân€<")
    assert (second.namespace, second.name, second.value) == ("urn:x", "e", "")


XSI = "http://www.w3.org/2001/XMLSchema-instance"


@pytest.mark.parametrize("inside", ["", "  ", "<!-- -->"])
def test_nil_holds_nothing(inside):
    assert read_xml(f'<a xmlns:i="{XSI}" i:nil="true">{inside}</a>'.encode()).value == ""


@pytest.mark.parametrize("nil", ["true", "1", " true "])
@pytest.mark.parametrize("inside", [SECRET, "<b/>"])
def test_nil_with_something_in_it_is_refused(nil, inside):
    assert "nil" in refused(f'<a xmlns:i="{XSI}" i:nil="{nil}">{inside}</a>'.encode())


@pytest.mark.parametrize("attribute", ['i:nil="false"', 'i:nil="0"', 'nil="true"', 'i:type="x"'])
def test_what_is_not_nil_has_its_text(attribute):
    assert read_xml(f'<a xmlns:i="{XSI}" {attribute}>x</a>'.encode()).value == "x"


@pytest.mark.parametrize(
    ("mark", "encoding", "declared"),
    [
        (b"", "utf-8", ""),
        (b"", "utf-8", "utf-8"),
        (codecs.BOM_UTF8, "utf-8", "UTF-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", ""),
    ],
)
def test_unicode_is_read(mark, encoding, declared):
    declaration = '<?xml version="1.0"' + (f' encoding="{declared}"' if declared else "") + "?>"
    assert read_xml(mark + f"{declaration}<a>Đặng Thị Ưng</a>".encode(encoding)).value == "Đặng Thị Ưng"


@pytest.mark.parametrize(
    "octets",
    [
        b"<a>Nguy\xd4n</a>",  # TCVN3
        b"<a>Nguye\xe3n V\xe2n</a>",  # VNI
        "<a>Nguyễn</a>".encode("utf-16-le"),  # without its mark
        codecs.BOM_UTF16_LE + b"<\0a\0>\0\0\xd8<\0",  # half a pair
        codecs.BOM_UTF16_BE + b"\0<\0",  # half a unit
        codecs.BOM_UTF32_LE + "<a/>".encode("utf-32-le"),
        codecs.BOM_UTF32_BE + "<a/>".encode("utf-32-be"),
    ],
)
def test_what_is_not_unicode_is_refused(octets):
    detail = refused(octets)
    assert detail.startswith(("the body is not Unicode", "the body is not well-formed"))


@pytest.mark.parametrize("encoding", ["windows-1258", "ISO-8859-1", "TCVN", "UTF-7", "UTF-16"])
def test_a_declaration_of_another_encoding_is_refused(encoding):
    assert "encoding" in refused(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode())


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a><a/>",
        BOMB + "]><a>&j;</a>",
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><a/>',
        f"<!DOCTYPE a [<!ATTLIST a b CDATA '{SECRET}'>]><a/>",
    ],
)
def test_a_document_type_is_refused_before_any_entity_is_read(document):
    assert refused(document.encode()) == "a document type is not taken"


@pytest.mark.parametrize(
    "document",
    [
        "",
        "   ",
        "{}",
        f"<a>{SECRET}",
        "<a></b>",
        "<a/><b/>",
        "<a>&nbsp;</a>",
        "<a b='1' b='2'/>",
        "<x:a/>",
        "<a>\x01</a>",
        "<a>&#0;</a>",
        '<?xml version="1.1"?><a>\x00</a>',
    ],
)
def test_what_is_not_well_formed_is_refused(document):
    assert refused(document.encode()) == "the body is not well-formed XML"


def test_depth_elements_and_attributes_are_bounded():
    deep = "<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH
    assert read_xml(deep.encode()).name == "a"
    many = "<a>" + "<b/>" * (MAX_ELEMENTS - 1) + "</a>"
    assert len(read_xml(many.encode()).children) == MAX_ELEMENTS - 1
    told = "<a " + " ".join(f'b{n}="1"' for n in range(21)) + "/>"
    for document in (f"<a>{deep}</a>", many.replace("</a>", "<b/></a>"), told, "<a>" * 100_000):
        assert refused(document.encode()) == "the body has too many elements, levels or attributes"


def test_instructions_and_text_beside_elements_are_refused():
    assert refused(b"<?go on?><a/>") == "processing instructions are not taken"
    for document in (
        f"<a>{SECRET}<b/></a>",
        f"<a><b/>{SECRET}</a>",
        "<a>99<!-- cut -->0089</a>",
        "<a><b/>1<!-- --></a>",
    ):
        assert refused(document.encode()).startswith("there is text beside elements")


def test_comments_between_elements_are_passed_over():
    root = read_xml(b"<!-- 1 --><a><!-- 2 --> <b>x</b><!-- 3 --><c><!-- 4 --></c></a><!-- 5 -->")
    assert [(each.name, each.value) for each in root.children] == [("b", "x"), ("c", "")]


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_octets_are_read_or_refused(octets):
    try:
        read_xml(octets)
    except Refusal as refusal:
        assert refusal.code == "10"
