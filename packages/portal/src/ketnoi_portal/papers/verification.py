"""Check an exported dossier: `ketnoi-portal verify_dossier FILE`. Needs Python's standard library and nothing else.

Everything that is checked is written in docs/reference/dossier.md, so that others can write a second checker.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

FORMAT: Final = "ketnoi-dossier/2"
GENESIS: Final = "0" * 64
MOST_FILES: Final = 10_000
MOST_BYTES: Final = 1024**3
LARGEST: Final = 256 * 1024**2
_NEEDED: Final = (
    "application.json",
    "papers.json",
    "assessments.json",
    "decisions.json",
    "test-calls.json",
    "survey.json",
    "audit.json",
    "people.json",
    "certificates.json",
    "letter.json",
    "letter-audit.json",
)

HOLDS: Final = 0
BROKEN: Final = 1
UNREADABLE: Final = 2


class Unreadable(Exception):  # noqa: N818
    """The file is no dossier that could be checked."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0: everything holds; 1: something does not, each finding on a line; 2: it cannot be read."""
    parser = argparse.ArgumentParser(
        prog="ketnoi-portal verify_dossier", description="Kiểm tra hồ sơ đã xuất · check an exported dossier"
    )
    parser.add_argument("file", help="tệp ZIP · the ZIP file")
    given = parser.parse_args(arguments)
    try:
        told, findings = verify(given.file)
    except Unreadable as error:
        print(f"Không đọc được · cannot be read: {_shown(error)}", file=sys.stderr)
        return UNREADABLE
    for finding in findings:
        print(f"SAI · WRONG: {_shown(finding)}")
    if findings:
        return BROKEN
    print(f"ĐÚNG · HOLDS: {_shown(told)}")
    return HOLDS


def verify(path: str) -> tuple[str, list[str]]:
    """What the dossier is, and everything that does not hold. Raises Unreadable."""
    try:
        with zipfile.ZipFile(path) as packed:
            files = dict(_files(packed))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise Unreadable(str(error)) from error
    manifest = _read(files, "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Unreadable(f"not of the format {FORMAT}")
    try:
        findings = [*_listed(manifest, files)]
        if not findings:
            findings = [*_chain(manifest, files), *_letter(manifest, files), *_named(files), *_decided(files)]
        number = str(manifest["application"]["number"])
        events = int(manifest["audit"]["events"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"a part is missing or of another kind: {error!r}") from error
    return f"{number}, {len(files)} files, {events} events", findings


def _files(packed: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = packed.infolist()
    names = [each.filename for each in entries]
    if len(entries) > MOST_FILES or sum(each.file_size for each in entries) > MOST_BYTES:
        raise Unreadable("more than a dossier holds")
    if len(set(names)) != len(names):
        raise Unreadable("two files have one name")
    for each in entries:
        if each.file_size > LARGEST:
            raise Unreadable(f"{each.filename} is too large")
        parts = each.filename.split("/")
        if not each.filename or "\\" in each.filename or any(part in ("", ".", "..") for part in parts):
            raise Unreadable("a file's path leads elsewhere")
        with packed.open(each) as opened:
            # The size that an entry claims is not believed.
            data = opened.read(each.file_size + 1)
        if len(data) != each.file_size:
            raise Unreadable(f"{each.filename} is longer than it says")
        yield each.filename, data


def _read(files: dict[str, bytes], name: str) -> Any:
    if name not in files:
        raise Unreadable(f"{name} is missing")
    try:
        return json.loads(files[name])
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name}: {error}") from error


def _listed(manifest: dict[str, Any], files: dict[str, bytes]) -> Iterator[str]:
    """Every file is in the manifest with its digest and size, and nothing else is there."""
    listed = {each["path"]: each for each in manifest["files"]}
    if len(listed) != len(manifest["files"]):
        yield "manifest.json names a file twice"
    for name in sorted({*files, *_NEEDED} - {"manifest.json", *listed}):
        yield f"{name} is not in the manifest"
    for name, each in listed.items():
        if name not in files:
            yield f"{name} is missing"
        elif sha256(files[name]).hexdigest() != each["sha256"] or len(files[name]) != each["size"]:
            yield f"{name} is not what the manifest says"


def _chain(manifest: dict[str, Any], files: dict[str, bytes]) -> Iterator[str]:
    """What is recorded of the application."""
    yield from _events(files, "audit.json", manifest["audit"], "application", manifest["application"]["id"])


def _letter(manifest: dict[str, Any], files: dict[str, bytes]) -> Iterator[str]:
    """What is recorded of the letter that it came by; where it came by none, there is nothing."""
    told, letter = manifest["letter"], _read(files, "letter.json")
    if (told is None) != (not letter) or (told is None and _read(files, "letter-audit.json")):
        yield "letter.json, letter-audit.json and the manifest tell different things of a letter"
    elif told is not None:
        if told["id"] != str(letter["id"]):
            yield "letter.json is another letter than the manifest's"
        yield from _events(files, "letter-audit.json", told, "mail", told["id"])


def _events(files: dict[str, bytes], name: str, told: dict[str, Any], kind: str, subject: str) -> Iterator[str]:
    """Each event has the hash of its own content, and follows the one before; none is left out between."""
    events = _read(files, name)
    if not events or told["events"] != len(events):
        yield f"{name} has another number of events than the manifest says"
        return
    if told["first"] != events[0]["hash"] or told["last"] != events[-1]["hash"]:
        yield f"{name}: the first or last event is not the manifest's"
    before = GENESIS
    for number, event in enumerate(events, 1):
        content = {name: value for name, value in event.items() if name != "hash"}
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        if sha256(text.encode()).hexdigest() != event["hash"]:
            yield f"event {number} of {name} ({event['act']}) is not what its hash says"
        if event["subject_previous"] != before:
            yield f"event {number} of {name} ({event['act']}) does not follow the one before it"
        if event["kind"] != kind or event["subject"] != subject:
            yield f"event {number} of {name} is about something else"
        before = event["hash"]


def _named(files: dict[str, bytes]) -> Iterator[str]:
    """Whatever file the JSON files refer to is there, under the digest that its name tells."""
    named = [each["file"] for each in _read(files, "papers.json")]
    named += [each["file"] for each in _read(files, "assessments.json") if each["file"] is not None]
    named += [each[part] for each in _read(files, "test-calls.json") for part in ("request", "response")]
    named += [each["file"] for each in _read(files, "survey.json").get("attachments", ())]
    letter, certificates = _read(files, "letter.json"), _read(files, "certificates.json")
    named += [each["file"] for each in letter.get("enclosures", ())]
    named += [letter["original"]] if letter.get("original") else []
    held = [each["file"] for each in (*certificates["registered"], *certificates["next"])]
    named += [each for each in (*held, *(each["replaces"] for each in certificates["next"])) if each is not None]
    for name in sorted(set(named)):
        if name not in files:
            yield f"{name} is referred to, but not there"
        elif name.rpartition("/")[2].partition(".")[0] != sha256(files[name]).hexdigest():
            yield f"{name} has another digest than its name"


def _decided(files: dict[str, bytes]) -> Iterator[str]:
    """Standing decisions come in the order of their levels, and the log has an act for each."""
    decisions = _read(files, "decisions.json")
    standing = [each["level"] for each in decisions if each["standing"] and each["agreed"]]
    if standing != list(range(1, len(standing) + 1)):
        yield "the decisions of leadership are not in order"
    acts = [each["act"] for each in _read(files, "audit.json")]
    other = acts.count("offer_certificate") + acts.count("name_certificate")
    certificates = len(_read(files, "certificates.json")["next"])
    if other != certificates:
        yield f"the log has {other} × offer_certificate or name_certificate, the dossier {certificates}"
    for act, count in (
        ("decide", sum(each["agreed"] for each in decisions)),
        ("decline", sum(not each["agreed"] for each in decisions)),
        ("file_paper", len(_read(files, "papers.json"))),
    ):
        if acts.count(act) != count:
            yield f"the log has {acts.count(act)} × {act}, the dossier {count}"


def _shown(text: object) -> str:
    """For a terminal: what a file says cannot steer it."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))[:500]


if __name__ == "__main__":
    sys.exit(main())
