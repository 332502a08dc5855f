"""The rehearsal mark and the names of those who are trusted always agree, for writer and reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ketnoi_trust.configuration import Configuration, DirectoryContent, SignedDirectory, TimestampAuthority
from ketnoi_trust.configuration.rehearsal import CONTENT_IDENTIFIER, FILE_NAME, write_mark
from ketnoi_trust.errors import Refused


class Names:
    """What everybody in a configuration is called."""

    def __init__(self, kit, prefix="", **other):
        self.kit = kit
        called = {key: other.get(key, prefix) for key in ("signer", "ca", "ca_name", "tsa", "tsa_name", "publisher")}
        make = lambda key: kit.authority(f"{called[key]} Some One".strip())  # noqa: E731
        self.signer = make("signer")
        stamps = TimestampAuthority(f"{called['tsa_name']} TSA".strip(), "http://tsa.example", make("tsa").der)
        self.params = kit.params(
            kit.approve(make("ca"), name=f"{called['ca_name']} CA".strip()),
            timestamps=(stamps,),
            publisher=make("publisher"),
        )

    def contents(self, *, marked, shared=True):
        found = [DirectoryContent("SHARED-PARAMETERS", "/s", self.params.write(6))] if shared else []
        mark = DirectoryContent(CONTENT_IDENTIFIER, "/r", write_mark(self.kit.instance))
        return [*found, mark] if marked else found

    def publish(self, *, marked, shared=True):
        signer = self.signer
        contents = self.contents(marked=marked, shared=shared)
        expires = self.kit.now + timedelta(minutes=10)
        return SignedDirectory.write(self.kit.instance, contents, signer.key, signer.der, expires, 6)

    def files(self, *, marked):
        return {each.content_identifier: each.data for each in self.contents(marked=marked)}


def test_a_rehearsal_in_which_everybody_is_unsafe_is_written_and_read(kit):
    names = Names(kit, "Unsafe")
    listing = SignedDirectory.verify(names.publish(marked=True), [names.signer.der], kit.now)
    assert listing.rehearsal
    configuration = Configuration.from_signed_directory(listing, names.files(marked=True))
    assert configuration.rehearsal


def test_a_configuration_in_which_nobody_is_unsafe_needs_no_mark(kit):
    names = Names(kit)
    listing = SignedDirectory.verify(names.publish(marked=False), [names.signer.der], kit.now)
    assert not Configuration.from_signed_directory(listing, names.files(marked=False)).rehearsal


@pytest.mark.parametrize("who", ["signer", "ca", "ca_name", "tsa", "tsa_name", "publisher"])
@pytest.mark.parametrize("marked", [True, False])
def test_one_name_that_disagrees_with_the_mark_is_refused(kit, who, marked):
    usual, odd = ("Unsafe", "Real") if marked else ("", "Unsafe")
    names = Names(kit, usual, **{who: odd})
    with pytest.raises(Refused) as refused:
        names.publish(marked=marked)
    assert refused.value.code == "malformed_global_conf"
    if who == "signer":
        # Whoever holds a real signer's key cannot mark anything, whatever he writes with other tools.
        with pytest.raises(Refused):
            forged = forge(kit, names, marked=marked)
            SignedDirectory.verify(forged, [names.signer.der], kit.now)
    else:
        files = {FILES[identifier]: data for identifier, data in names.files(marked=marked).items()}
        with pytest.raises(Refused):
            Configuration.from_directory_files(files)


FILES = {"SHARED-PARAMETERS": "shared-params.xml", CONTENT_IDENTIFIER: FILE_NAME}


def forge(kit, names, *, marked):
    """A directory that our writer would not sign: made under an agreeable name, then signed by the other key."""
    twin = Names(kit, "Unsafe" if marked else "")
    twin.signer = kit.authority("Unsafe Twin" if marked else "Twin")
    data = twin.publish(marked=marked)
    return resign(data, names.signer)


def resign(data, signer):
    from base64 import b64encode
    from hashlib import sha512

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    outer = b"--" + data.split(b"boundary=", 1)[1].split(b"\r\n", 1)[0]
    signed = data.split(outer + b"\r\n", 2)[1].split(b"\r\n\r\n", 1)[1][: -len(b"\r\n")]
    head, tail = data.split(b"Verification-certificate-hash: ", 1)
    _, rest = tail.split(b";", 1)
    line, _ = rest.split(b"\r\n\r\n", 1)
    hashed = b64encode(sha512(signer.der).digest())
    value = b64encode(signer.key.sign(signed, ec.ECDSA(hashes.SHA512())))
    return (
        head
        + b"Verification-certificate-hash: "
        + hashed
        + b";"
        + line
        + b"\r\n\r\n"
        + value
        + b"\r\n"
        + outer
        + b"--\r\n"
    )


def test_the_forgery_of_these_tests_is_well_made(kit):
    names = Names(kit)
    assert SignedDirectory.verify(resign(names.publish(marked=False), names.signer), [names.signer.der], kit.now)


def test_a_name_of_an_intermediate_counts_too(kit):
    top = kit.authority("Unsafe top")
    params = kit.params(kit.approve(top, kit.authority("Real"), name="Unsafe CA"), publisher=kit.authority("Unsafe"))
    files = {"shared-params.xml": params.write(6), FILE_NAME: write_mark(kit.instance)}
    with pytest.raises(Refused, match="not named unsafe"):
        Configuration.from_directory_files(files)


def test_a_rehearsal_cannot_hide_behind_missing_names(kit):
    top = kit.authority("Unsafe top")
    nameless = top.issue(kit.name_of(country_name="VN"), authority=True)
    params = kit.params(kit.approve(nameless, name="Unsafe CA"))
    files = {"shared-params.xml": params.write(6), FILE_NAME: write_mark(kit.instance)}
    with pytest.raises(Refused, match="not named unsafe"):
        Configuration.from_directory_files(files)


@pytest.mark.parametrize("mark", [b"", b"{}", write_mark("YY-TEST")])
def test_the_mark_of_another_instance_marks_nothing(kit, mark):
    names = Names(kit, "Unsafe")
    files = {"shared-params.xml": names.params.write(6), FILE_NAME: mark}
    with pytest.raises(Refused, match="not that of this instance"):
        Configuration.from_directory_files(files)


def test_a_mark_that_was_not_signed_is_not_used(kit):
    names = Names(kit)
    listing = SignedDirectory.verify(names.publish(marked=False), [names.signer.der], kit.now)
    files = names.files(marked=False) | {CONTENT_IDENTIFIER: write_mark(kit.instance)}
    assert not Configuration.from_signed_directory(listing, files).rehearsal


def test_a_mark_that_was_signed_cannot_be_left_out(kit):
    names = Names(kit, "Unsafe")
    listing = SignedDirectory.verify(names.publish(marked=True), [names.signer.der], kit.now)
    with pytest.raises(Refused, match="missing"):
        Configuration.from_signed_directory(listing, names.files(marked=False))


def test_an_instance_that_has_approved_nobody_yet_may_be_published(kit):
    names = Names(kit, "Unsafe")
    names.params = replace(names.params, authorities=(), timestamp_authorities=())
    listing = SignedDirectory.verify(names.publish(marked=True), [names.signer.der], kit.now)
    assert Configuration.from_signed_directory(listing, names.files(marked=True)).rehearsal
