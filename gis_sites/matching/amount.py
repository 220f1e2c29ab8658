"""Numbers said with their units, as people write them in a brief: 3 ha, 1,5 MW, 25 000 m2, 30 %."""

import math
import re
from decimal import Decimal
from typing import Self

UNITS = {
    "m": {"mm": "0.001", "cm": "0.01", "m": "1", "km": "1000", "ft": "0.3048", "mi": "1609.344", "miles": "1609.344"},
    "m2": {
        "m2": "1", "a": "100", "ar": "100", "ary": "100", "arów": "100", "ha": "10000", "km2": "1000000",
        "hektar": "10000", "hektary": "10000", "hektarów": "10000", "hectare": "10000", "hectares": "10000",
        "sqft": "0.09290304", "ft2": "0.09290304", "acre": "4046.8564224", "acres": "4046.8564224",
    },
    "kW": {"w": "0.001", "kw": "1", "mw": "1000", "gw": "1000000"},
    "kV": {"v": "0.001", "kv": "1"},
    "share": {"%": "0.01", "‰": "0.001", "share": "1", "1": "1"},
    "m3/d": {"m3/d": "1", "m3/doba": "1", "m3/dobę": "1", "m3/h": "24", "l/s": "86.4"},
    "Nm3/h": {"nm3/h": "1"},
    "PLN/m2": {"pln/m2": "1", "pln/ha": "0.0001"},
}  # fmt: skip
"""What a unit is worth in the first of its kind. Gas is measured in normal cubic metres, never taken for plain ones."""
LONGEST = 60
"""Letters of a number with its unit."""
_WHOLE = r"([+-]?)([0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+|[0-9]+)"
_AMOUNT = re.compile(_WHOLE + r"(?:[.,]([0-9]+))?\s*((?![eE][+-]?\d)[^\W\d_].*|[%‰].*)")


class Ambiguous(ValueError):
    """A comma or a point that may part thousands or decimals; `args` are the two ways to write what is meant."""


class Amount(float):
    """A number said with its unit: the text, and what it is in the unit it is needed in (NaN until that is known).

    >>> str(Amount("1,5 MW")), float(Amount("1,5 MW").within("kW")), Amount("3 ha").within("m")
    ('1,5 MW', 1500.0, None)
    """

    said: str

    def __new__(cls, said: str, value: float = math.nan) -> Self:
        """Take a text.

        Raises:
            Ambiguous: it can be read in two ways.
            ValueError: it is no number with a unit.
        """
        _read(said)
        made = super().__new__(cls, value)
        made.said = said
        return made

    def __str__(self) -> str:
        return self.said

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Amount) and math.isnan(self) and math.isnan(other):
            return self.said == other.said
        return float.__eq__(self, other)

    __hash__ = float.__hash__

    def __getnewargs__(self) -> tuple[str, float]:  # type: ignore[override]
        return self.said, float(self)

    def within(self, unit: str | None) -> Self | None:
        """Return it in another unit (None and `1` count things); None where the units measure different things."""
        count, said = _read(self.said)
        needed = _word(unit or "1")
        kind = next((units for units in UNITS.values() if needed in units), {needed: "1"})
        if said not in kind:
            return None
        return type(self)(self.said, float(count * Decimal(kind[said]) / Decimal(kind[needed])))


def _read(said: str) -> tuple[Decimal, str]:
    """Return the number and the unit of a text."""
    found = _AMOUNT.fullmatch(said.strip()) if len(said) <= LONGEST else None
    if found is None:
        raise ValueError(said)
    sign, grouped, decimals, unit = found.groups()
    whole = re.sub(r"\s", "", grouped)
    if decimals and len(decimals) == 3 and whole == grouped and len(whole) <= 3 and whole != "0":
        raise Ambiguous(f"{sign}{whole}{decimals} {unit}", f"{sign}{whole}.{decimals}0 {unit}")
    return Decimal(f"{sign}{whole}.{decimals or 0}"), _word(unit)


def _word(unit: str) -> str:
    """Return a unit as the table writes it."""
    word = re.sub(r"\s", "", unit).casefold()
    return word.replace("²", "2").replace("³", "3").replace("zł", "pln").replace("zl", "pln")
