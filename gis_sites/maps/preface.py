"""What stands above the list and the map: the question, the state, the counts, and what is not on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from gis_sites.catalogue import Catalogue
from gis_sites.findings import mask
from gis_sites.maps.cards import criterion_title, may_show
from gis_sites.maps.overlays import Drawn
from gis_sites.maps.words import both, counted, given, long_date, moment, numeral, spoken
from gis_sites.matching import sentences

MOST_REASONS = 8
COUNTS = ("considered", "eligible", "to_verify", "failed")


def preface(shortlist: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return what a page says of a shortlist as a whole."""
    requirement = shortlist.get("requirement", {})
    inventory = shortlist.get("inventory", {})
    counts = shortlist.get("counts", {})
    made = shortlist.get("made", {})
    return {
        "title": given(requirement["title"]) if requirement.get("title") else spoken("heading"),
        "note": given(requirement["note"]) if requirement.get("note") else None,
        "needed_from": long_date(requirement["needed_from"]) if requirement.get("needed_from") else None,
        "state": str(inventory.get("state", "–")),
        "as_of": long_date(inventory.get("as_of")),
        "counts": [(name, spoken(f"count_{name}"), numeral(counts.get(name, 0))) for name in COUNTS],
        "failed_by": _failed_by(counts.get("failed_by", {}), catalogue),
        "made": moment(made.get("at")),
        "software": mask(str(made.get("software", "gis-sites"))),
        "shortlist_id": str(shortlist.get("id", ""))[:12],
        "cautions": cautions(),
    }


def cautions() -> list[Markup]:
    """Return the cautions that stand on every page."""
    pairs = zip(sentences.cautions("pl"), sentences.cautions("en"), strict=True)
    return [given({"pl": polish, "en": english}) for polish, english in pairs]


def _failed_by(failed_by: Mapping[str, Any], catalogue: Catalogue) -> list[tuple[Markup, Markup]]:
    """Return the conditions others failed by, the most frequent first: (title, in words)."""
    ranked = sorted(failed_by.items(), key=lambda entry: (-entry[1]["at_all"], entry[0]))
    public = [(name, by) for name, by in ranked if by["at_all"] and may_show({name: None}, catalogue)]
    return [(_title(name, catalogue), counted("failed_by", **by)) for name, by in public[:MOST_REASONS]]


def _title(name: str, catalogue: Catalogue) -> Markup:
    return both(lambda lang: criterion_title(name, catalogue, lang))


def notices(
    shortlist: Mapping[str, Any], catalogue: Catalogue, drawn: Sequence[Drawn], *, cards: int, undrawn: int
) -> list[Markup]:
    """Say what is to be known of the requirement, and what is not on the page for want of room or of a geometry."""
    counts = shortlist.get("counts", {})
    fit = int(counts.get("eligible", 0)) + int(counts.get("to_verify", 0))
    whole = max(fit, len(shortlist.get("candidates", [])))
    cut = [one for one in drawn if one.total > len(one.features)]
    brief = [notice_sentences(shortlist, catalogue, lang) for lang in ("pl", "en")]
    return [
        *(given({"pl": polish, "en": english}) for polish, english in zip(*brief, strict=True)),
        *([counted("first_candidates", shown=cards, whole=whole)] if whole > cards else []),
        *([counted("undrawn", count=undrawn)] if undrawn else []),
        *(counted("first_features", shown=len(one.features), whole=one.total, layer=one.layer.title) for one in cut),
    ]


def notice_sentences(shortlist: Mapping[str, Any], catalogue: Catalogue, lang: str) -> list[str]:
    """Say what is worth knowing of the requirement before the ranking is read, of public attributes only."""
    told = [one for one in shortlist.get("notices", []) if may_show(_named(one), catalogue)]
    return [sentences.notice_sentence(one, catalogue, lang) + "." for one in told]


def _named(notice: Mapping[str, Any]) -> dict[str, None]:
    return {name: None for name in (notice.get("attribute"), notice.get("other")) if name}
