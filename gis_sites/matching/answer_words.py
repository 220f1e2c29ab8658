"""Say what a shortlist answers besides its candidates: concessions, near misses, chances, other methods, weights."""

from collections.abc import Iterator, Mapping
from typing import Any

from gis_sites.catalogue import Catalogue
from gis_sites.matching.ahp import MOST_RATIO
from gis_sites.matching.compare import LARGEST
from gis_sites.matching.phrases import difference_text, one_value, required_text, title_text
from gis_sites.matching.quantity import outwards, quantity
from gis_sites.matching.sentences import entry_title
from gis_sites.words import number, say

Entry = Mapping[str, Any]
STEPS = ("first", "tenth", "all")


def concessions(relaxation: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say what the single changes of a must open, a line each."""
    lines = [
        _in_option(change, opening, catalogue, lang)
        for change in relaxation["changes"]
        for opening in _openings(change, catalogue, lang)
    ]
    if out := relaxation["out_of_reach"]:
        lines.append(say("answer.opens_nothing", lang, count=number(out, lang, 0)))
    return lines


def _openings(change: Entry, catalogue: Catalogue, lang: str) -> Iterator[str]:
    if "bound" not in change:
        key = "answer.opens_code" if "code" in change else "answer.opens_unknown"
        named = {"code": _code(change, catalogue, lang)} if "code" in change else {}
        yield say(key, lang, count=number(change["opens"], lang, 0), **named)
        return
    # Steps that are written alike are one: what is written opens all that the last of them does.
    steps = {_bound(change, change[name]["to"], catalogue, lang): name for name in STEPS if change[name]}
    for bound, name in steps.items():
        key = "answer.opens_all" if name == "all" else "answer.opens"
        yield say(key, lang, bound=bound, count=number(change[name]["opens"], lang, 0))


def needs(near_miss: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say what single changes would open a site that fails one must, a line each."""
    lines = [
        _in_option(change, _need(change, catalogue, lang), catalogue, lang)
        for change in near_miss["changes"]
    ]  # fmt: skip
    return lines or [say("answer.needs_dropping", lang)]


def _need(change: Entry, catalogue: Catalogue, lang: str) -> str:
    if "bound" in change:
        bound = _bound(change, change["to"], catalogue, lang)
        return say("answer.needs_bound", lang, bound=bound, by=_by(change, catalogue, lang))
    if "code" in change:
        return say("answer.needs_code", lang, code=_code(change, catalogue, lang))
    return say("answer.needs_unknown", lang)


def _in_option(change: Entry, text: str, catalogue: Catalogue, lang: str) -> str:
    if "option" not in change:
        return text
    title = entry_title(change["attribute"], catalogue, lang)
    return say("answer.in_option", lang, option=change["option"], title=title, change=text)


def _bound(change: Entry, to: float | str, catalogue: Catalogue, lang: str) -> str:
    """Say a bound, rounded away from what is required now: as it is written it must open what it is said to open."""
    attribute = catalogue.attributes[change["attribute"]]
    shown = to if isinstance(to, str) else outwards(to, attribute.unit, up=change["bound"] == "max")
    return required_text({change["bound"]: shown}, attribute, lang)


def _by(change: Entry, catalogue: Catalogue, lang: str) -> str:
    attribute = catalogue.attributes[change["attribute"]]
    if attribute.kind == "date":
        return say("answer.days", lang, count=number(change["by"], lang, 0))
    return difference_text(change["by"], attribute, lang)


def _code(change: Entry, catalogue: Catalogue, lang: str) -> str:
    return one_value(change["code"], catalogue.attributes[change["attribute"]], lang)


def percent(chance: float, lang: str) -> str:
    """Write a chance; what rounds to nothing or to all without being it is said so."""
    if 0 < chance < 0.001:
        return f"<{quantity(0.001, 'share', lang)}"
    return f">{quantity(0.999, 'share', lang)}" if 0.999 < chance < 1 else quantity(round(chance, 3), "share", lang)


def about_robustness(robustness: Entry, lang: str) -> list[str]:
    """Say how the chances came about, and what else the draws say."""
    factor = number(robustness["weight_factor"], lang, 1)
    others, nobody = (robustness[name]["chance"] for name in ("others", "nobody"))
    lines = [say("answer.about_robustness", lang, draws=number(robustness["draws"], lang, 0), factor=factor)]
    if others:
        lines.append(say("answer.others", lang, chance=percent(others, lang)))
    if nobody:
        lines.append(say("answer.nobody", lang, chance=percent(nobody, lang)))
    if robustness["assemblies"] is not None:
        lines.append(say("answer.listed_assemblies", lang, count=number(robustness["assemblies"], lang, 0)))
    if robustness["left_out"]:
        lines.append(say("answer.left_out", lang, count=number(robustness["left_out"], lang, 0)))
    return lines


def swaps(swap: Entry | None, catalogue: Catalogue, lang: str) -> list[str]:
    """Say what weight of each want would put the second before the first."""
    if swap is None:
        return []
    one, other = swap["of"]
    if not swap["possible"]:
        return [say("answer.swap_none", lang, one=one, other=other)]
    lines = []
    for want in swap["wants"]:
        if want["level_at"] is not None:
            key = "answer.swap_below" if want["swaps"] == "below" else "answer.swap_above"
            title = title_text(catalogue.attributes[want["attribute"]], lang)
            level, weight = _level(want, lang), number(want["weight"], lang, 3)
            lines.append(say(key, lang, title=title, level=level, weight=weight, one=one, other=other))
    return lines


def _level(want: Entry, lang: str) -> str:
    """Say beyond which weight two change places, rounded to where they surely have."""
    shown = outwards(want["level_at"], None, up=want["swaps"] == "above")
    return number(shown, lang) if shown else number(want["level_at"], lang, 12)


def method_name(method: str, lang: str) -> str:
    """Say the name of a method."""
    return say(f"answer.method_{method}", lang)


def about_agreement(agreement: Entry, lang: str) -> str:
    """Say what was compared, and what the other methods do not know."""
    compared = number(agreement["compared"], lang, 0)
    said = say("answer.about_agreement", lang, compared=compared, library=agreement["library"])
    if penalised := agreement["penalised"]:
        said += " " + say("answer.penalised", lang, count=number(penalised, lang, 0))
    return said


def comparison_sentences(comparisons: Entry | None, catalogue: Catalogue, lang: str) -> list[str]:
    """Say the weights that comparisons give, and where they contradict."""
    if comparisons is None:
        return []

    def title(name: str) -> str:
        return title_text(catalogue.attributes[name], lang)

    ratio = number(comparisons["consistency_ratio"], lang, 3)
    weights = [
        say("answer.weight", lang, title=title(name), weight=number(weight, lang, 3))
        for name, weight in comparisons["weights"].items()
    ]
    lines = [say("answer.weights", lang, weights="; ".join(weights), ratio=ratio)]
    if found := comparisons["contradiction"]:
        said = [
            say("answer.judgement", lang, **{**one, "more": title(one["more"]), "than": title(one["than"]),
                                             "times": number(one["times"], lang, 1)})
            for one in found["judgements"]
        ]  # fmt: skip
        lines.append(
            say("answer.contradicts", lang, ratio=ratio, most=number(MOST_RATIO, lang), judgements="; ".join(said))
        )
        lines.append(_rethink(found["rethink"], title(found["rethink"]["more"]), title(found["rethink"]["than"]), lang))
    return lines


def _rethink(judgement: Entry, more: str, than: str, lang: str) -> str:
    agrees = judgement["agrees"]
    values = {"times": judgement["times"], "agrees": min(max(agrees, 1 / agrees), LARGEST)}
    texts = {name: number(value, lang, 1) for name, value in values.items()}
    then = number(judgement["consistency_ratio_then"], lang, 3)
    key = "answer.rethink" if agrees >= 1 else "answer.rethink_turned"
    return say(key, lang, more=more, than=than, then=then, **texts)
