"""Write numbers with their units as people read them: 2,5 ha, 90 %, 500 m."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from gis_sites.words import number

HECTARE = 10_000
SPACE = "\u00a0"


def quantity(value: float, unit: str | None, lang: str, *, beside: tuple[float, ...] = ()) -> str:
    r"""Write a number with its unit, with enough digits to tell it from the numbers `beside` it.

    >>> quantity(0.9, "share", "en"), quantity(500.04, "m", "en", beside=(500.0,))
    ('90\xa0%', '500.04\xa0m')
    """
    factor, suffix, digits = _form(value, unit)
    texts = [_write(value, factor, lang, more) for more in (digits, digits + 1, digits + 3, digits + 6)]
    for more, text in zip((digits, digits + 1, digits + 3, digits + 6), texts, strict=True):
        if all(other == value or _write(other, factor, lang, more) != text for other in (*beside, 0.0)):
            return text + suffix
    return texts[-1] + suffix


def outwards(value: float, unit: str | None, *, up: bool) -> float:
    """Round a bound to the digits it is written with, up or down, never to the other side of its value.

    >>> outwards(500.01, "m", up=True), outwards(0.8999, "share", up=False)
    (500.1, 0.899)
    """
    factor, _, digits = _form(value, unit)
    step = Decimal(str(factor)).scaleb(-digits)
    steps = (Decimal(str(value)) / step).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)
    return float(steps * step)


def unit_text(unit: str) -> str:
    """Write a unit as people read it."""
    return unit.replace("m2", "m²").replace("m3", "m³")


def _form(value: float, unit: str | None) -> tuple[float, str, int]:
    """Return what to divide by, the unit as written, and how many decimals are enough."""
    match unit:
        case "m2":
            return (HECTARE, f"{SPACE}ha", 4) if abs(value) >= HECTARE else (1, f"{SPACE}m²", 0)
        case "share":
            return 0.01, f"{SPACE}%", 1
        case "m":
            return 1, f"{SPACE}m", 1
        case None | "1":
            return 1, "", 2
        case _:
            return 1, SPACE + unit_text(unit), 2


def _write(value: float, factor: float, lang: str, digits: int) -> str:
    text = number(value / factor, lang, digits)
    return "0" if text == "-0" else text
