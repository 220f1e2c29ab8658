"""Zip archives, opened with suspicion in a child process: members get names of our own, and all is bounded."""

import re
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from gis_sites.errors import Refused
from gis_sites.intake.formats import AMBIGUOUS, ARCHIVE, BESIDE, BY_SUFFIX, File, suffix_of

MEMBERS = 10_000
UNPACKED = 16 << 30
"""Bytes of all members together."""
RATIO = 200
SMALL = 64 << 20
"""Bytes up to which a member may be packed as tightly as it likes."""
LONGEST_NAME = 255
NESTED = frozenset({".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"})
PIECE = 1 << 20
_UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|[\x00-\x1f]")
_NOISE = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$)")
_UTF8_FLAG, _ENCRYPTED = 0x800, 0x1


def members(path: str, label: str) -> dict[str, zipfile.ZipInfo]:
    """Return the files of an archive by their names with folders, once they are known to be harmless.

    Raises:
        Refused: it is damaged, or a name, a number or a size is out of bounds.
    """
    found: dict[str, zipfile.ZipInfo] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile as error:
        raise Refused("import.unreadable", file=label, fault=error) from error
    if len(infos) > MEMBERS:
        raise Refused("import.archive_members", file=label, members=len(infos), most=MEMBERS)
    seen = set()
    for info in infos:
        name = _name(info)
        _harmless(info, name, label)
        if name.casefold() in seen:
            _bad(label, name, "twice")
        seen.add(name.casefold())
        if not info.is_dir() and not _NOISE.search(name):
            found[name] = info
    size = sum(info.file_size for info in infos)
    if size > UNPACKED:
        raise Refused("import.archive_large", file=label, size=size >> 30, most=UNPACKED >> 30)
    if sum(info.compress_size for info in infos) > Path(path).stat().st_size:
        _bad(label, infos[0].filename, "overlap")
    return found


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; those that do not say so are UTF-8 or, from Polish Windows, code page 852."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG and not name.isascii():
        raw = name.encode("cp437")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("cp852", "replace")
    return name


def _harmless(info: zipfile.ZipInfo, name: str, label: str) -> None:
    if _UNSAFE.search(name) or len(name.encode()) > LONGEST_NAME:
        _bad(label, name, "name")
    if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        _bad(label, name, "link")
    if info.flag_bits & _ENCRYPTED:
        _bad(label, name, "encrypted")
    if info.file_size > SMALL and info.file_size > RATIO * info.compress_size:
        _bad(label, name, "ratio")
    if suffix_of(name) in NESTED and not _NOISE.search(name):
        _bad(label, name, "nested")


def _bad(label: str, name: str, fault: str) -> NoReturn:
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)[:80]
    raise Refused(f"import.archive_{fault}", file=label, member=shown)


def unpack(path: str, folder: str, label: str) -> dict[str, Any]:
    """Unpack the files we read into a folder, called by numbers; return them, and the names of the others.

    Raises:
        Refused: the archive is not to be trusted, or damaged.
    """
    found = members(path, label)
    files, used = [], set()
    with zipfile.ZipFile(path) as archive:
        for number, name in enumerate(one for one in found if suffix_of(one) in BY_SUFFIX.keys() - AMBIGUOUS):
            one = BY_SUFFIX[suffix_of(name)]
            stem = Path(folder) / str(number)
            whole = f"{stem}{one.suffixes[0]}"
            for member, suffix in [(name, one.suffixes[0]), *_beside(name, found)]:
                _copy(archive, found[member], f"{stem}{suffix}", f"{label}: {member}")
                used.add(member)
            files.append({"path": whole, "kind": one.kind, "label": name})
    return {"files": files, "unread": [name for name in found if name not in used and not _is_extra(name, used)]}


def _beside(name: str, found: dict[str, zipfile.ZipInfo]) -> Iterator[tuple[str, str]]:
    """Yield the members that belong to a file, with their suffixes."""
    one = BY_SUFFIX[suffix_of(name)]
    stem = str(PurePosixPath(name).with_suffix("")).casefold()
    for other in found:
        suffix = suffix_of(other)
        if suffix in {*one.needs, *one.takes} and str(PurePosixPath(other).with_suffix("")).casefold() == stem:
            yield other, suffix


def _is_extra(name: str, used: set[str]) -> bool:
    """Say whether a member only helps programs to read one that was used: an index, a style, a description."""
    stem = PurePosixPath(name).name.casefold().partition(".")[0]
    return suffix_of(name) not in BESIDE and stem in {PurePosixPath(one).stem.casefold() for one in used}


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, to: str, label: str) -> None:
    """Write a member to a file, and not a byte more than it says it has."""
    try:
        with archive.open(info) as packed, Path(to).open("xb") as file:
            shutil.copyfileobj(packed, file, PIECE)
            whole = file.tell() == info.file_size
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise Refused("import.unreadable", file=label, fault=error) from error
    if not whole:
        raise Refused("import.unreadable", file=label, fault="size")


def harmless(file: File) -> None:
    """Refuse a workbook, which is an archive, that would not be trusted as one."""
    assert file.kind != ARCHIVE
    members(file.path, file.label)
