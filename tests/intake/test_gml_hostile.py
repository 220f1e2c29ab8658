"""GML that means harm, or is none: refused in a sentence, at once, in little memory; memory is flat in the size."""

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gis_sites.errors import Refused
from gis_sites.intake.formats import File
from gis_sites.intake.gml import parse, read, survey
from gis_sites.intake.source import open_source, read_table
from tests.intake.gml_files import EGIB, collection, parcel, polygon, rows, written

SECONDS = 10
GOOD = collection([parcel(1, "306101_1.0012.1", polygon(0, 0))], x=EGIB)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))

ATTRIBUTES = " ".join(f'a{n}="1"' for n in range(100))


def with_head(declaration: str, text: str = GOOD) -> str:
    """Put a document type before the first element."""
    first = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return text.replace(first, f"{first}{declaration}\n")


def deep(levels: int) -> str:
    return collection([f"<x:t>{'<x:a>' * levels}{'</x:a>' * levels}</x:t>"], x="urn:own")


HARM = {
    "laughs": (with_head(f"<!DOCTYPE x [{LAUGHS}]>", GOOD.replace("306101_1.0012.1", "&l9;")), "document type"),
    "external": (
        with_head('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', GOOD.replace("306101_1.0012.1", "&e;")),
        "document type",
    ),
    "subset": (with_head('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'), "document type"),
    "parameter": (with_head('<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>'), "document type"),
    "entity": (GOOD.replace("306101_1.0012.1", "&nowhere;"), "undefined entity"),
    "page": ("<html><body>Zaloguj się</body></html>", "outermost element is “html”"),
    "report": (
        '<?xml version="1.0"?><ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"/>',
        "“ExceptionReport”",
    ),
    "cut": (GOOD[: len(GOOD) // 2], "cut off"),
    "twice": (GOOD + GOOD, "no well-formed XML"),
    "prefix": (GOOD.replace('xmlns:x="', 'xmlns:y="'), "no well-formed XML"),
    "letters": (GOOD.replace("UTF-8", "no-such-code"), "no well-formed XML"),
    "deep": (deep(1_000), "more than 64 deep"),
    "attributes": (
        collection([f"<x:t><x:a {ATTRIBUTES}/></x:t>"], x="urn:own"),
        "more than 64 attributes",
    ),
    "name": (collection([f"<x:t><x:{'n' * 300}/></x:t>"], x="urn:own"), "longer than 256"),
    "tables": (collection((f"<x:t{n}/>" for n in range(1_100)), x="urn:own"), "more than 1000 kinds"),
    "columns": (
        collection([f"<x:t>{''.join(f'<x:c{n}/>' for n in range(2_100))}</x:t>"], x="urn:own"),
        "more than 2000 properties",
    ),
}


@pytest.mark.parametrize("name", HARM)
def test_harm_is_refused_in_a_sentence_at_once(tmp_path: Path, name: str) -> None:
    text, said = HARM[name]
    path = written(tmp_path / "h.gml", text)
    begin = time.monotonic()
    with pytest.raises(Refused, match=said) as error:
        open_source(path)
    assert time.monotonic() - begin < SECONDS
    for lang in ("pl", "en"):
        sentence = error.value.sentence(lang)
        assert sentence.startswith("h.gml")
        assert "root:" not in sentence
        assert "Traceback" not in sentence


@pytest.mark.parametrize(("matched", "whole"), [("5230", False), ("1", True), ("unknown", True), ("0", True)])
def test_one_page_of_an_answer_is_not_taken_for_the_whole(tmp_path: Path, matched: str, *, whole: bool) -> None:
    text = GOOD.replace("<gml:FeatureCollection", f'<gml:FeatureCollection numberMatched="{matched}"')
    path = written(tmp_path / "p.gml", text)
    if whole:
        assert len(open_source(path).tables) == 1
        return
    with pytest.raises(Refused, match="1 features of 5230"):
        open_source(path)


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="holds no table"):
        open_source(written(tmp_path / "e.gml", collection([], x="urn:own")))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-2", "cp1250"])
def test_every_encoding_that_a_file_declares_is_read(tmp_path: Path, encoding: str) -> None:
    declared = {"utf-8-sig": "UTF-8", "cp1250": "windows-1250"}.get(encoding, encoding.upper())
    text = collection(["<x:t><x:nazwa>Zażółć gęślą jaźń</x:nazwa></x:t>"], x="urn:own").replace("UTF-8", declared)
    path = tmp_path / "l.gml"
    path.write_bytes(text.encode(encoding))
    source = open_source(path)
    (batch,) = read_table(source, "t", ["nazwa"])
    assert batch.column("nazwa").to_pylist() == ["Zażółć gęślą jaźń"]


def test_a_long_tag_and_a_large_feature_are_refused_before_they_are_held(tmp_path: Path) -> None:
    long = tmp_path / "tag.gml"
    with long.open("w") as file:
        file.write(GOOD.split("<gml:featureMember>")[0] + '<gml:featureMember a="')
        file.writelines("x" * (1 << 20) for _ in range(24))
    large = tmp_path / "feature.gml"
    before, after = collection(["<x:t><x:a>@</x:a></x:t>"], x="urn:own").split("@")
    with large.open("w") as file:
        file.write(before)
        file.writelines("1 " * (1 << 19) for _ in range(70))
        file.write(after)
    assert "a tag is longer than 4 MiB" in run(f"list({str(long)!r})")
    assert "more than 64 MiB" in run(f"fetch({str(large)!r}, 't', ['a'])")


def test_a_feature_of_too_many_elements_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "NODES", 50)
    many = "<x:a/>" * 100
    path = written(tmp_path / "m.gml", collection([f"<x:t>{many}</x:t>"], x="urn:own"))
    with pytest.raises(Refused, match="more than 50 elements"):
        rows(path, "t", "a")


READER = """
import pathlib
import sys
import time

from gis_sites.errors import Refused
from gis_sites.intake.formats import File
from gis_sites.intake.gml import read


def list(path):
    return read.tables(File(path, "gml", "f.gml"))


def fetch(path, table, columns):
    return sum(batch.num_rows for batch in read.batches(File(path, "gml", "f.gml"), table, columns))


begin = time.monotonic()
try:
    print({call})
except Refused as error:
    print(error)
assert time.monotonic() - begin < {seconds}, "slow"
# Not ru_maxrss: it begins with what the process had that this one was forked from.
most = int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
assert most < 500 << 10, f"{{most >> 10}} MiB"
print("MiB", most >> 10)
"""


def run(call: str, seconds: int = SECONDS) -> str:
    """Read a file in a process of its own, which must stay quick and small; return what it says."""
    script = READER.format(call=call, seconds=seconds)
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def made(features: int) -> Path:
        path = tmp_path / f"{features}.gml"
        one = parcel(1, "306101_1.0012.1", polygon(0, 0))
        before, after = collection(["@"], x=EGIB).split("<gml:featureMember>@</gml:featureMember>")
        with path.open("w") as file:
            file.write(before)
            file.writelines(f"<gml:featureMember>{one}</gml:featureMember>\n" for _ in range(features))
            file.write(after)
        return path

    most = {}
    for features in (20_000, 60_000):
        said = run(f"fetch({str(made(features))!r}, 'EGB_DzialkaEwidencyjna', ['idDzialki'])", seconds=60)
        assert said.startswith(f"{features}\n")
        most[features] = int(said.split()[-1])
    assert most[60_000] < most[20_000] + 40


def test_a_mutated_file_is_read_or_refused(tmp_path: Path) -> None:
    """Cut out, doubled and swapped pieces of a good file: no crash, no other error, nothing half read in silence."""
    good = written(tmp_path / "g.gml", GOOD)
    listed = read.tables(File(str(good), "gml", "g.gml"))
    assert [one["rows"] for one in listed] == [1]
    outcomes = {True: 0, False: 0}
    for seed in range(0, len(GOOD) - 40, 11):
        piece = GOOD[seed : seed + 20]
        text = GOOD.replace(piece, (piece * 2, "", piece[::-1], "\x01")[seed % 4], 1)
        path = written(tmp_path / "m.gml", text)
        try:
            tables = read.tables(File(str(path), "gml", "m.gml"))
            for one in tables:
                rows(path, str(one["name"]), *one["columns"])
            outcomes[True] += 1
        except Refused:
            outcomes[False] += 1
    assert min(outcomes.values()) > 3


def test_the_limits_are_those_the_sentences_tell() -> None:
    assert (parse.DEPTH, parse.ATTRIBUTES, parse.NAME, survey.TABLES, survey.PATHS) == (64, 64, 256, 1_000, 2_000)
