"""Planning acts (APP) and general plans (POG), schemas 1.0, 2.0 and 3.0: known by local names.

Status, zone kind and permitted uses stand in links of empty elements; the plan's title and resolution stand in the act
and the document that a zone points to. A zone that calls itself in force under an act that is not has no status.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from gis_sites.intake.gml.facts import Facts
from gis_sites.intake.gml.family import Family, Rule, Texts, code, last, leaves, number, text
from gis_sites.intake.gml.parse import Feature, Node

NAMESPACE = re.compile(r"https?://\S*zagospodarowanieprzestrzenne\S*/schemas/app/(?P<version>[^/]+)/?")
VERSIONS = frozenset({"1.0", "2.0", "3.0"})
IN_FORCE = "legalForce"
ACT, DOCUMENT = "AktPlanowaniaPrzestrzennego", "DokumentFormalny"
ADOPTED_BY = ("dokumentUchwalajacy", "aktNormatywnyUchwalajacy")
ACT_STATUS = "status_aktu"
"""A column that is never shown: it only says whether a zone's own status may be believed."""
PERCENT = "%"
"""The unit the standard gives shares, which their elements do not name."""

_HREF = re.compile(rf"/(?:{ACT}|{DOCUMENT})/(?P<id>[^/]+/[^/]+/[^/]+)(?:/[^/]*)?/?$")
_USE = re.compile(r".*KPT-(?:MPZP|POG)-(?P<use>\w+)")


def _own_id(node: Node) -> str:
    parts = {one.name: one.text for one in node.walk()}
    return f"{parts.get('przestrzenNazw', '')}/{parts.get('lokalnyId', '')}"


def _pointed(node: Node, facts: Facts) -> str | None:
    """Return the identifier, without version, of what a link points to, by address or within the file."""
    href = node.attributes.get("href", "")
    found = _HREF.search(href)
    return found["id"] if found else facts.get(f"id:{href.lstrip('#')}") or href or None


def _uses(column: str) -> Rule:
    """Take the uses that links point to, as their symbols, parted by commas; else their names."""

    def read(nodes: Sequence[Node], facts: Facts) -> Texts:
        every = []
        for node in nodes:
            found = _USE.fullmatch(node.attributes.get("href", ""))
            every.append(found["use"] if found else node.attributes.get("title") or node.text)
        return (", ".join(filter(None, every)) or None,)

    return Rule((column,), read)


def _resolution(act: str, facts: Facts) -> str | None:
    """Return the title of the document that adopted an act."""
    return facts.get(f"law:{act}") or facts.get(f"doc:{facts.get(f'by:{act}')}")


def _plan(nodes: Sequence[Node], facts: Facts) -> Texts:
    act = _pointed(nodes[0], facts)
    if act is None:
        return None, None, None, None
    return act, facts.get(f"title:{act}"), _resolution(act, facts), facts.get(f"status:{act}")


def _own_plan(nodes: Sequence[Node], facts: Facts) -> Texts:
    act = _own_id(nodes[0])
    return act, _resolution(act, facts)


def agree(row: dict[str, str | None], facts: Facts) -> None:
    """Write both statuses where a zone is in force and its act is not: a word no list of statuses knows."""
    act = row.pop(ACT_STATUS, None)
    if row.get("status") == IN_FORCE and act not in {None, IN_FORCE}:
        row["status"] = f"{IN_FORCE} ({act})"


DATES = {
    "koniecWersjiObiektu": text("koniecWersjiObiektu"),
    "obowiazujeOd": text("obowiazujeOd"),
    "obowiazujeDo": text("obowiazujeDo"),
}
AREA: Mapping[str, Rule] = {
    **DATES,
    "idIIP": leaves("przestrzenNazw", "lokalnyId"),
    "oznaczenie": text("oznaczenie"),
    "symbol": text("symbol"),
    "status": code("status"),
    "plan": Rule(("plan", "tytul_planu", "uchwala", ACT_STATUS), _plan),
}
PLACE: Mapping[str, Rule] = {name: rule for name, rule in AREA.items() if name != "symbol"}
"""Infill, downtown and access-standard areas: their symbol is no zone's."""
ZONE: Mapping[str, Rule] = {
    **AREA,
    "profilPodstawowy": _uses("profilPodstawowy"),
    "profilDodatkowy": _uses("profilDodatkowy"),
    "maksNadziemnaIntensywnoscZabudowy": number("maksNadziemnaIntensywnoscZabudowy"),
    "maksUdzialPowierzchniZabudowy": number("maksUdzialPowierzchniZabudowy", PERCENT),
    "maksWysokoscZabudowy": number("maksWysokoscZabudowy"),
    "minUdzialPowierzchniBiologicznieCzynnej": number("minUdzialPowierzchniBiologicznieCzynnej", PERCENT),
}
TABLES: Mapping[str, Mapping[str, Rule]] = {
    "StrefaPlanistyczna": ZONE,
    "ObszarUzupelnieniaZabudowy": PLACE,
    "ObszarZabudowySrodmiejskiej": PLACE,
    "ObszarStandardowDostepnosciInfrastrukturySpolecznej": PLACE,
    ACT: {
        **DATES,
        "idIIP": Rule(("plan", "uchwala"), _own_plan),
        "tytul": text("tytul_planu"),
        "typPlanu": code("typPlanu"),
        "status": code("status"),
    },
}
FACTS = {
    ACT: frozenset({"idIIP", "tytul", "status", "koniecWersjiObiektu", *ADOPTED_BY}),
    DOCUMENT: frozenset({"idIIP", "tytul", "uchwala", "koniecWersjiObiektu"}),
}


def _told(feature: Feature) -> Iterator[tuple[str, str]]:
    """Tell what an act or a document says for those that point to it, unless it is an archived version."""
    held = feature.properties
    if "idIIP" not in held or ("koniecWersjiObiektu" in held and held["koniecWersjiObiektu"][0].text):
        return
    own = _own_id(held["idIIP"][0])
    title = held["tytul"][0].text if "tytul" in held else ""
    yield f"id:{feature.id}", own
    if feature.name == DOCUMENT:
        yield f"doc:{own}", title
        yield from ((f"law:{act['id']}", title) for act in _links(held.get("uchwala", [])))
        return
    yield f"title:{own}", title
    yield from ((f"by:{own}", one["id"]) for name in ADOPTED_BY for one in _links(held.get(name, [])))
    if "status" in held:
        yield f"status:{own}", last(held["status"][0].attributes.get("href", ""))


def _links(nodes: Sequence[Node]) -> Iterator[re.Match[str]]:
    for node in nodes:
        if found := _HREF.search(node.attributes.get("href", "")):
            yield found


FAMILY = Family(
    TABLES,
    geometry=frozenset({"geometria", "zasiegPrzestrzenny"}),
    facts=FACTS,
    told=lambda feature: tuple(_told(feature)),
    asking=frozenset({"plan", "idIIP"}),
    always=frozenset({"typPlanu"}),
    finish=agree,
)
