"""README and its Vietnamese twin say the same things in the same order, and what they tell to run exists."""

import re

from tree import ROOT

TWINS = ROOT / "README.md", ROOT / "README.vi.md"


def outline(text: str) -> list[str]:
    """What both languages must share: heading levels, code, pictures and links, tables' sizes, in order."""
    skeleton = []
    for block in re.split(r"(```.*?```)", text, flags=re.DOTALL):
        if block.startswith("```"):
            skeleton.append(block)
            continue
        for line in block.splitlines():
            if found := re.match(r"(#+) ", line):
                skeleton.append(found[1])
            if line.startswith("|"):
                skeleton.append("|" * line.count("|"))
            if found := re.match(r"\s*([-*]|\d+\.) ", line):
                skeleton.append("item")
            skeleton += [f"link {target}" for target in re.findall(r"\]\(([^)]+)\)", line) if "README" not in target]
    return skeleton


def test_the_twins_have_one_structure() -> None:
    english, vietnamese = (outline(file.read_text(encoding="utf-8")) for file in TWINS)
    assert english == vietnamese


def test_every_make_command_that_is_told_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for file in TWINS:
        told = set(re.findall(r"(?:^|`)make ([a-z-]+)", file.read_text(encoding="utf-8"), re.MULTILINE))
        assert {"demo", "test"} <= told <= targets


def test_every_file_that_a_document_links_to_exists() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "packages").glob("*/README.md")]
    missing = []
    for document in documents:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                missing.append(f"{document.relative_to(ROOT)} → {target}")
    assert missing == []
