"""Words for the pieces of a sentence: values, what is required, sources, names, days."""

from collections.abc import Mapping
from datetime import date
from itertools import chain
from typing import Any

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.columns import NONE
from gis_sites.matching.quantity import quantity
from gis_sites.words import number, say
from gis_sites.words import sentences as known

Entry = Mapping[str, Any]
UNVERIFIED, MARK = "unverified", "⚠"
"""What a requirement says of numbers nobody has confirmed, and how they are marked wherever they are shown."""


def value_text(entry: Entry, attribute: Attribute, lang: str) -> str:
    """Say what an attribute is: a value, a range, none or unknown."""
    match entry["state"]:
        case "unknown":
            return say("match.value_unknown", lang)
        case "none":
            return say(_none_key(attribute), lang)
        case "range" if "values" in entry:
            unknown = say("match.value_unknown", lang)
            told = (unknown if one is None else one_value(one, attribute, lang) for one in entry["values"])
            return ", ".join(told)
        case "range":
            return _range(entry, attribute, lang)
        case _:
            return one_value(entry["value"], attribute, lang, beside=_bounds(entry))


def required_text(required: Entry, attribute: Attribute, lang: str) -> str:
    """Say what is required of an attribute."""
    texts = []
    for key, value in required.items():
        values = value if isinstance(value, list | tuple) else [value]
        said = ", ".join(one_value(one, attribute, lang) for one in values)
        kind = "flag" if isinstance(value, bool) else _of_one(key, len(values))
        texts.append(say(f"match.required_{kind}", lang, value=said))
    joined = texts[0]
    for text in texts[1:]:
        joined = say("match.required_and", lang, one=joined, other=text)
    return joined


def one_value(value: Any, attribute: Attribute, lang: str, *, beside: tuple[float, ...] = ()) -> str:  # noqa: ANN401
    """Say one known value: with its unit, a day, yes or no, or what people call the code."""
    if isinstance(value, bool):
        return say("match.yes" if value else "match.no", lang)
    if value == NONE:
        return say("match.value_none", lang)
    if attribute.kind == "date":
        return day(str(value), lang)
    if isinstance(value, int | float):
        return quantity(value, attribute.unit, lang, beside=beside)
    return attribute.label(str(value), lang) if attribute.kind == "code" else str(value)


def difference_text(value: float, attribute: Attribute, lang: str) -> str:
    """Say by how much two values of an attribute differ: shares in percentage points."""
    if attribute.unit != "share":
        return quantity(value, attribute.unit, lang)
    points = quantity(value * 100, None, lang)
    return say("why.point_percent" if points == "1" else "why.points_percent", lang, value=points)


def source_text(source: Entry, lang: str, catalogue: Catalogue | None = None) -> str:
    """Say where a value comes from: layer, revision, part, day, publisher."""
    name = source.get("layer")
    if not name:
        return say("match.source_none", lang)
    layer = catalogue.layers[name].title.say(lang) if catalogue and name in catalogue.layers else name
    if source.get("revision") is None:
        return say("match.source_missing", lang, layer=layer)
    texts = [say("match.source_layer", lang, layer=layer, revision=source["revision"])]
    if source.get("part") not in {None, "all"} and "_" not in source["part"]:  # the name of a table is nobody's word
        texts.append(say("match.source_part", lang, part=source["part"]))
    elif (source.get("parts") or 1) > 1:
        texts.append(say("match.source_parts", lang, parts=source["parts"]))
    if source.get("dated"):
        texts.append(say("match.source_dated", lang, day=day(str(source["dated"]), lang)))
    if source.get("publisher"):
        texts.append(str(source["publisher"]))
    if source.get("reason") == "not_measured_yet":
        texts.append(say("match.not_computed", lang))
    return ", ".join(texts)


def title_text(attribute: Attribute, lang: str) -> str:
    """Say the name of an attribute: `Layer (attribute)`, so that a value may follow a colon."""
    return f"{attribute.layer.title.say(lang)} ({attribute.own_title(lang)})"


def tier_word(tier: str, lang: str) -> str:
    """Say a tier."""
    return say(f"match.tier_{tier}", lang)


def score_text(candidate: Entry, lang: str) -> str:
    """Say the floor and the ceiling, or that nothing was wanted."""
    if candidate["floor"] is None:
        return say("match.scoreless", lang)
    floor, ceiling = (number(candidate[end], lang, 1) for end in ("floor", "ceiling"))
    if floor == ceiling:
        return say("match.score_exact", lang, floor=floor)
    return say("match.score", lang, floor=floor, ceiling=ceiling)


def ends_text(candidate: Entry, lang: str) -> str | None:
    """Write the floor and the ceiling, or the one number they are; None where nothing was wanted."""
    if candidate["floor"] is None:
        return None
    floor, ceiling = (number(candidate[end], lang, 1) for end in ("floor", "ceiling"))
    return floor if floor == ceiling else f"{floor}–{ceiling}"


def addressee(who: str, lang: str) -> str:
    """Say who is asked."""
    key = f"match.of_{who}"
    return say(key, lang) if key in known(lang) else who


def remarks(entry: Entry, lang: str) -> list[str]:
    """Say what the requirement remarks on an entry: its note, its source, how sure its numbers are."""
    said = entry.get("remarks") or {}
    texts = [words_in(said["note"], lang)] if "note" in said else []
    for name in ("source", "confidence"):
        if name in said:
            key = f"match.{'from' if name == 'source' else name}_{said[name]}"
            texts.append(say(key, lang) if key in known(lang) else str(said[name]))
    return texts


def mark(entry: Entry) -> str:
    """Return the mark of an entry whose numbers nobody has confirmed; those of its alternatives are its own."""
    inner = chain.from_iterable(option["musts"] for option in entry.get("any", ()))
    said = [one.get("remarks", {}).get("confidence") for one in (entry, *inner)]
    return f" {MARK}" if UNVERIFIED in (*said, entry.get("confidence")) else ""


def words_in(text: Any, lang: str) -> str:  # noqa: ANN401 - a text, or one a language
    """Return a text of the requirement in one language."""
    return str(text[lang]) if isinstance(text, Mapping) else str(text)


def day(iso: str, lang: str) -> str:
    """Write a day in full."""
    from babel.dates import format_date

    return str(format_date(date.fromisoformat(iso), format="long", locale=lang))


def _of_one(key: str, count: int) -> str:
    """Return the key of what is required: a list of one is no list."""
    return {"any_of": "is", "none_of": "other_than"}.get(key, key) if count == 1 else key


def _none_key(attribute: Attribute) -> str:
    if attribute.spec.measure == "nearest_distance":
        return "match.value_not_near"
    return "match.value_no_limit" if attribute.spec.pick == "min" else "match.value_none"


def _range(entry: Entry, attribute: Attribute, lang: str) -> str:
    beside = _bounds(entry)
    low, high = (
        None if entry[end] is None else one_value(entry[end], attribute, lang, beside=beside) for end in ("low", "high")
    )
    if high is None:
        return say("match.value_at_least", lang, low=low)
    if low is None:
        return say("match.value_at_most", lang, high=high)
    return say("match.value_range", lang, low=low, high=high)


def _bounds(entry: Entry) -> tuple[float, ...]:
    """Return the numbers required: a value is written with enough digits to tell it from them."""
    bounds = (entry.get("required", {}).get(key) for key in ("min", "max"))
    return tuple(one for one in bounds if isinstance(one, int | float))
