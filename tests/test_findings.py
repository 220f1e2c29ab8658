"""The one table of finding types: each means something, is somebody's job, can be mended, and does occur."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gis_sites.findings import Finding, FindingType, Severity, Whose, guide, mask, summary
from gis_sites.words import LANGUAGES, say

ROOT = Path(__file__).parents[1]
CODE = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "gis_sites").rglob("*.py"))
    if path.name not in {"findings.py", "show.py"}
)
TESTS = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "tests").rglob("*.py"))
    if path.name != Path(__file__).name
)
TYPES = pytest.mark.parametrize("kind", FindingType, ids=lambda kind: kind.word)


@TYPES
def test_a_type_is_named_like_its_word(kind: FindingType) -> None:
    assert kind.word == kind.name.lower()


@TYPES
def test_every_type_says_what_it_means_and_how_it_is_mended(kind: FindingType) -> None:
    said = {lang: (kind.meaning(lang), kind.mend(lang)) for lang in LANGUAGES}
    for meaning, mend in said.values():
        assert meaning.endswith(".")
        assert mend.endswith(".")
        assert meaning != mend
    assert said["pl"] != said["en"]


@TYPES
def test_every_type_is_raised_by_code(kind: FindingType) -> None:
    raised = re.search(rf"FindingType\.{kind.name}\b", CODE) is not None
    assert raised, f"nothing raises {kind.word}"


@TYPES
def test_every_type_occurs_in_a_test(kind: FindingType) -> None:
    seen = re.search(rf"""["']{kind.word}["']|FindingType\.{kind.name}\b""", TESTS) is not None
    assert seen, f"no test sees {kind.word} occur"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_said_of_types_there_are_none_of(lang: str) -> None:
    path = ROOT / "gis_sites" / "locales" / lang / "finding_help.toml"
    said = {key for key in tomllib.loads(path.read_text(encoding="utf-8")) if not key.startswith("guide_")}
    types = {f"{kind.word}_{what}" for kind in FindingType for what in ("meaning", "mend")}
    assert said == {*types, *Severity, *Whose}


def test_the_page_is_the_generated_one() -> None:
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert page.rstrip("\n") == guide().rstrip("\n"), "run scripts/findings"


def test_the_page_has_every_type_in_every_language() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", guide(), re.MULTILINE)
    assert rows == [kind.word for kind in FindingType] * len(LANGUAGES)
    for line in guide().splitlines():
        if line.startswith("|"):
            assert len(re.split(r"(?<!\\)\|", line)) == 7, line


def test_the_script_writes_what_the_code_says() -> None:
    script = (ROOT / "scripts" / "findings").read_text(encoding="utf-8")
    command = re.search(r"-c '(.+?)'", script)
    assert command is not None
    done = subprocess.run([sys.executable, "-c", command[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == guide()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_summary_says_whose_job_it_is(lang: str) -> None:
    found = [Finding(FindingType.DUPLICATE, row, "1") for row in range(7)]
    found.append(Finding(FindingType.KEY_MISSING, 8, values={"value": "-"}))
    missing, repeated = summary(found, lang)
    assert (missing["type"], missing["severity"], missing["whose"]) == ("key_missing", "error", "publisher")
    assert missing["meaning"] == say("finding_help.key_missing_meaning", lang)
    assert missing["mend"] == FindingType.KEY_MISSING.mend(lang)
    assert (repeated["count"], len(repeated["examples"])) == (7, 5)


@pytest.mark.parametrize("text", ["KZ1A/00012345/6", "KZ1A / 00012345 / 6", "80010112345"])
def test_secrets_are_masked(text: str) -> None:
    assert mask(f"a {text} b") == "a *** b"
