"""Archives: only plain files under names of our own are unpacked, and everything is bounded."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gis_sites.errors import Refused
from gis_sites.intake import archive
from gis_sites.intake.source import open_source

ROWS = "id;x\n1;2\n"


def pack(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes | str]) -> Path:
    """Write an archive of members as they are told, a harmless list first."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("dobre.csv", ROWS)
        for name, content in members:
            made.writestr(name, content)
    return path


def link(name: str) -> zipfile.ZipInfo:
    """Return a member that says it is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def secret(path: Path) -> None:
    """Say of the last member that it is encrypted."""
    raw = bytearray(path.read_bytes())
    raw[raw.rfind(b"PK\1\2") + 8] |= 1
    path.write_bytes(bytes(raw))


def lying(path: Path) -> None:
    """Say of the last member that it holds ten bytes."""
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\1\2") + 24
    raw[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(bytes(raw))


def as_it_is(path: Path) -> None:
    """Leave an archive alone."""


@pytest.mark.parametrize(
    ("member", "after", "sentence"),
    [
        (("../../evil.csv", ROWS), as_it_is, "dangerous name"),
        (("/etc/evil.csv", ROWS), as_it_is, "dangerous name"),
        (("C:\\evil.csv", ROWS), as_it_is, "dangerous name"),
        (("..\\..\\evil.csv", ROWS), as_it_is, "dangerous name"),
        (("a" * 300 + ".csv", ROWS), as_it_is, "dangerous name"),
        ((link("evil.csv"), "/etc/passwd"), as_it_is, "a link or device"),
        (("DOBRE.csv", ROWS), as_it_is, "two files of one name"),
        (("inner.zip", b"PK\3\4"), as_it_is, "another archive"),
        (("wide.csv", b" " * (archive.SMALL + 1)), as_it_is, "packed so tightly"),
        (("secret.csv", ROWS), secret, "asks for a password"),
        (("short.csv", ROWS * 100), lying, "cannot be read"),
    ],
)
def test_an_archive_that_is_not_to_be_trusted_is_refused(
    tmp_path: Path, member: tuple[str, bytes | str], after: Callable[[Path], None], sentence: str
) -> None:
    path = pack(tmp_path / "a.zip", member)
    after(path)
    with pytest.raises(Refused, match=sentence) as refusal:
        open_source(path)
    assert "a.zip" in refusal.value.sentence("pl")
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == ["a.zip"]


def test_a_workbook_is_an_archive_too(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.xlsx", ("xl/wide.xml", b" " * (archive.SMALL + 1)))
    with pytest.raises(Refused, match="packed so tightly"):
        open_source(path)


def test_names_of_polish_windows_are_read(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", ("dzia?ki.csv", ROWS))
    path.write_bytes(path.read_bytes().replace(b"dzia?ki.csv", "działki.csv".encode("cp852")))
    assert [table.name for table in open_source(path).tables] == ["dobre", "działki"]


def test_what_programs_of_a_mac_add_is_no_table(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", ("__MACOSX/._dobre.csv", b"\0\5\x16\7"), (".DS_Store", b"x"))
    source = open_source(path)
    assert [table.name for table in source.tables] == ["dobre"]
    assert source.unread == ()


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", *((f"{number}.pdf", b"") for number in range(archive.MEMBERS)))
    with pytest.raises(Refused, match=r"10001 files"):
        open_source(path)
