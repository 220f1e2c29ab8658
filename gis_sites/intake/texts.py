"""Texts read a column at a time: plain ones all at once by Arrow, odd ones one by one by the reader of their field.

What Arrow takes for plain must read the same as by `values`: a test holds the two side by side.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gis_sites.catalogue import FieldSpec
from gis_sites.intake.batch import Bools
from gis_sites.intake.values import BLANKS, EMPTY, Cell, compiled, reader

DIGITS = "[0-9]{8}"
"""What land-register and PESEL numbers hold; texts without it have nothing to be masked."""
ODD_BLANKS = r"[\t\r\n\v\f]|  "
PLAIN_NUMBER = r"^\+?(0*[1-9][0-9]{0,14}(\.[0-9]{1,15})?|0+\.0{0,9}[1-9][0-9]{0,14})$"
"""One above 0 for sure, so that it can be one of any unit but a share."""
_EMPTY = pa.array(sorted(EMPTY), pa.string())

Reading = Callable[[str], Cell]
Plain = Callable[[pa.Array], tuple[pa.Array, pa.Array]]
"""Texts to the values they have if they are plain, and whether they are."""


def cleaned(column: pa.Array) -> pa.Array:
    """Return texts without blanks of any kind around them; null where nothing is left."""
    trimmed = pc.utf8_trim(column, characters=BLANKS)
    return pc.if_else(pc.is_in(trimmed, _EMPTY), pa.scalar(None, trimmed.type), trimmed)


def plain_of(spec: FieldSpec, *, key: bool, factor: float = 1.0) -> Plain | None:
    """Return what reads the plain texts of a field at once; None where every text needs its reader."""
    if spec.type == "number":
        return _plain_numbers if factor == 1.0 and spec.unit != "share" else None
    if spec.type in {"date", "flag", "code"}:
        return None
    return _plain_names if key else _plain_texts


def _plain_numbers(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    sure = pc.match_substring_regex(texts, PLAIN_NUMBER)
    return pc.cast(pc.if_else(sure, texts, None), pa.float64()), sure


def _plain_texts(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    return texts, pc.invert(pc.match_substring_regex(texts, DIGITS))


def _plain_names(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    return texts, pc.and_not(pc.string_is_ascii(texts), pc.match_substring_regex(texts, ODD_BLANKS))


def read(texts: pa.Array, reading: Reading, plain: Plain | None, kind: pa.DataType) -> tuple[pa.Array, dict[int, Cell]]:
    """Read texts without nulls; return their values, and the cells of those in which something was noticed."""
    values, odd = _plainly(texts, plain)
    rest = texts.take(pa.array(odd, pa.int64())).to_pylist()
    cells = {place: reading(text) for place, text in zip(odd, rest, strict=True)}
    noticed = {place: cell for place, cell in cells.items() if cell.issue is not None}
    if not cells:
        return values.cast(kind), noticed
    own = pa.array([cell.value for cell in cells.values()], kind)
    if len(cells) == len(texts):
        return own, noticed
    return pc.replace_with_mask(values.cast(kind), _mask(len(texts), odd), own), noticed


def _plainly(texts: pa.Array, plain: Plain | None) -> tuple[pa.Array, list[int]]:
    if plain is None:
        return texts, list(range(len(texts)))
    values, sure = plain(texts)
    return values, np.flatnonzero(~sure.to_numpy(zero_copy_only=False).astype(bool)).tolist()


def _mask(n: int, places: list[int]) -> pa.Array:
    mask: Bools = np.zeros(n, dtype=bool)
    mask[places] = True
    return pa.array(mask)


def groups(texts: pa.Array, pattern: str) -> dict[str, pa.Array]:
    """Return what the named groups of a pattern say of each text that fits it whole, null elsewhere.

    The result holds `""`, besides the groups, with the texts that fit. A group that takes part with nothing is null.
    """
    try:
        found = pc.extract_regex(texts, f"^(?:{pattern})$")
    except pa.ArrowInvalid:
        return _groups_one_by_one(texts, pattern)
    fits = found.is_valid()
    said = {name: found.field(name) for name in compiled(pattern).groupindex}
    empty = {name: pc.or_(pc.invert(fits), pc.equal(values, "")) for name, values in said.items()}
    return {
        "": pc.if_else(fits, texts, None),
        **{name: pc.if_else(empty[name], None, values) for name, values in said.items()},
    }


def _groups_one_by_one(texts: pa.Array, pattern: str) -> dict[str, pa.Array]:
    """Do the same for a pattern that Arrow's expressions cannot say."""
    matches = [compiled(pattern).fullmatch(text) for text in texts.to_pylist()]
    said = {
        name: pa.array([match[name] or None if match else None for match in matches], pa.string())
        for name in compiled(pattern).groupindex
    }
    return {"": pa.array([match.string if match else None for match in matches], pa.string()), **said}


def group(values: pa.Array, spec: FieldSpec, kind: pa.DataType, *, key: bool) -> pa.Array:
    """Read what a group of a pattern says as the field it is named after; null stays null."""
    encoded = values.dictionary_encode()
    plain = plain_of(spec, key=key)
    read_values, _ = read(encoded.dictionary, reader(spec, key=key, factor=1.0), plain, kind)
    return read_values.take(encoded.indices)
