"""In which encoding texts are: declared or stated, and held against the bytes; never guessed."""

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gis_sites.errors import WrongUse
from gis_sites.findings import mask

UTF8 = "utf-8"
POLISH = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"
LIKELY = (UTF8, "cp1250", "iso-8859-2", "cp852")
"""The encodings that Polish offices' files come in."""
_WORD = re.compile(rb"[^\x00-\x20;,\"]{0,20}[\x80-\xff][^\x00-\x20;,\"]{0,20}")
SAMPLES = 200
CHOICES = 3
_CODE_PAGE = re.compile(r"(?:ansi|oem|cp|ibm|windows|ms)?[ _-]?(\d{3,5})")
_ISO = re.compile(r"(?:iso[ _-]?)?8859[ _-]?(\d{1,2})")


@dataclass(frozen=True)
class Texts:
    """What the bytes of a table's texts say about their encoding."""

    high: bytes = b""
    """The different bytes that are not ASCII."""
    utf8: bool = True
    samples: tuple[bytes, ...] = ()
    """Some words that are not ASCII."""


@dataclass(frozen=True)
class Encoding:
    """The encoding of a table's texts; while unclear, that of its columns' names as far as they can be shown."""

    name: str
    unclear: tuple[str, Mapping[str, Any]] | None = None
    """The sentence (key and values) to refuse the table with."""


def known(name: str) -> str:
    """Return the usual name of an encoding that a person stated.

    Raises:
        WrongUse: there is no such encoding.

    >>> known("Windows-1250"), known("UTF8"), known("latin2")
    ('cp1250', 'utf-8', 'iso8859-2')
    """
    found = declared(name)
    if found is None:
        raise WrongUse("import.encoding_unknown", encoding=name)
    return found


def declared(name: str) -> str | None:
    """Return the encoding that a declaration (`.cpg`) names, None where it names none we know.

    >>> declared("ANSI 1250"), declared("65001"), declared("88592"), declared("System")
    ('cp1250', 'utf-8', 'iso8859-2', None)
    """
    word = name.strip().casefold()
    if iso := _ISO.fullmatch(word):
        word = f"iso8859-{iso[1]}"
    elif page := _CODE_PAGE.fullmatch(word):
        word = {"65001": UTF8, "28592": "iso8859-2"}.get(page[1], f"cp{page[1]}")
    try:
        found = codecs.lookup(word)
        found.encode("")  # codecs of bytes (zip, hex) refuse a text
    except (LookupError, TypeError, ValueError):
        return None
    return UTF8 if found.name == "utf-8-sig" else found.name


def survey(pieces: Iterable[bytes]) -> Texts:
    """Look through the bytes of a table's texts, piece by piece."""
    high: set[int] = set()
    samples: dict[bytes, None] = {}
    utf8 = True
    decoder = codecs.getincrementaldecoder(UTF8)()
    for piece in pieces:
        if piece.isascii() and not decoder.getstate()[0]:
            continue
        high |= {byte for byte in range(0x80, 0x100) if byte not in high and byte in piece}
        if len(samples) < SAMPLES:
            samples |= dict.fromkeys(found[0] for found in islice(_WORD.finditer(piece), SAMPLES))
        utf8 = utf8 and _decodes(decoder, piece)
    utf8 = utf8 and _decodes(decoder, b"", final=True)
    return Texts(bytes(sorted(high)), utf8, tuple(samples))


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def decide(texts: Texts, says: str | None, stated: str | None, *, file: str) -> Encoding:
    """Decide in which encoding texts are: UTF-8 proves itself, a statement goes before a declaration.

    A declared code page without Polish letters is not believed: it is what programs write that do not know.

    >>> decide(Texts(b"", True), None, None, file="x").name
    'utf-8'
    >>> goluchow = Texts(bytes([0xB3, 0xF3]), False, ("Gołuchów".encode("cp1250"),))
    >>> decide(goluchow, None, "cp1250", file="x").name, decide(goluchow, None, None, file="x").unclear[0]
    ('cp1250', 'import.encoding_missing')
    """
    if not texts.high or (says == UTF8 and texts.utf8):
        return Encoding(UTF8)
    if stated is not None and (stated == UTF8 if texts.utf8 else _holds(stated, texts)):
        return Encoding(stated)
    if stated is None and says is not None and _holds(says, texts) and _has_polish(says):
        return Encoding(says)
    wrong = stated or (says if says and not _holds(says, texts) else None)
    values = {"file": file, "choices": _choices(texts), **({"encoding": wrong} if wrong else {})}
    return Encoding(_likely(texts)[0], ("import.encoding_wrong" if wrong else "import.encoding_missing", values))


def _holds(encoding: str, texts: Texts) -> bool:
    """Say whether every byte is a letter or a sign in an encoding: text holds no control characters."""
    if encoding == UTF8:
        return texts.utf8
    try:
        signs = [bytes([byte]).decode(encoding) for byte in texts.high]
    except UnicodeDecodeError:
        return False
    return not any("\x7f" <= sign <= "\x9f" for sign in signs)


def _has_polish(encoding: str) -> bool:
    try:
        POLISH.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _likely(texts: Texts) -> list[str]:
    """Return the encodings that read as Polish, the best first; where none does, all that can be read at all."""
    fits = {encoding: _polish_share(encoding, texts) for encoding in LIKELY if _holds(encoding, texts)}
    best = sorted((one for one in fits if fits[one] > 0.5), key=lambda one: -fits[one])
    return [UTF8] if texts.utf8 else best or list(fits) or ["cp1252"]


def _polish_share(encoding: str, texts: Texts) -> float:
    signs = "".join(sample.decode(encoding, "replace") for sample in texts.samples)
    other = [sign for sign in signs if sign > "\x7f"]
    return sum(sign in POLISH for sign in other) / max(len(other), 1)


def _choices(texts: Texts) -> str:
    """Write the likely encodings as options, each with words as they would read, those that tell them apart first."""
    likely = _likely(texts)
    readings = {sample: [sample.decode(one, "replace") for one in likely] for sample in texts.samples}
    telling = sorted(readings, key=lambda sample: (-len(set(readings[sample])), -len(sample)))[:CHOICES]
    return "; ".join(
        f"--encoding {one} ({', '.join(mask(readings[sample][place]) for sample in telling)})"
        for place, one in enumerate(likely)
    )
