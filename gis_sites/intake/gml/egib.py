"""EGiB, the land and building register, in its schemas of 2015 and 2021: no owners, no land-register numbers.

The older schema tells a parcel's soil in features of their own, which it names by their identifiers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from gis_sites.intake.gml.facts import Facts
from gis_sites.intake.gml.family import Family, Rule, Texts, leaves, number, text
from gis_sites.intake.gml.parse import Feature, Node

SIGN = re.compile(r".*ewidencjaGruntow.*|.*modelPodstawowy.*|\S* EGB_.*", re.IGNORECASE)
"""The namespace or the name (parted by a blank) of its features, and of the documents that belong to them."""
ENDED = frozenset({"koniecWersjaObiekt", "koniecObiekt"})
CLASSED = frozenset({"R", "S", "Br", "Wsr", "Ł", "Ps", "W", "Lzr", "Ls", "Lz"})
"""Uses (OFU) that soil classes are of; of other land only the use counts."""
HECTARES = {"ha": 1.0, "a": 0.01, "ar": 0.01, "m2": 0.0001, "km2": 100.0}
"""What one of a unit is in hectares."""
LOST = "?"
"""An item that cannot be told: a list that holds one is taken for unread, never for the rest of it."""

_UUID = re.compile(r"[0-9A-Za-z]{8}(?:-[0-9A-Za-z]{4}){3}-[0-9A-Za-z]{12}")

Item = tuple[str | None, str | None, str | None, str | None, str | None]
"""OFU, OZU, OZK, area and its unit."""


def identity(href: str) -> str:
    """Return the identifier in a reference: `urn:pzgik:id:<set>:<identifier>`, or `<set>_<identifier>_<version>`."""
    found = _UUID.search(href)
    return found[0].casefold() if found else href.lstrip("#")


def _item(node: Node) -> Item:
    parts = {one.name: one for one in node.walk() if not one.children}
    words = [parts[name].text or None if name in parts else None for name in ("OFU", "OZU", "OZK")]
    area = parts.get("powierzchnia") or parts.get("powierzchniaEwidencyjnaKlasouzytku")
    return words[0], words[1], words[2], area.text if area else None, area.attributes.get("uom") if area else None


def _spelt(item: Item) -> str:
    """Write an item as `OZU/OZK hectares`, or `OFU hectares` for land without soil classes."""
    ofu, ozu, ozk, area, unit = item
    name = "/".join(filter(None, (ozu, ozk))) if ozu and (ofu is None or ofu in CLASSED) else ofu
    size = _hectares(area, unit)
    return LOST if name is None or size is None else f"{name} {size}"


def _hectares(area: str | None, unit: str | None) -> str | None:
    factor = HECTARES.get((unit or "").rpartition("#")[2].casefold().replace("²", "2"))
    if area is None or factor is None or not re.fullmatch(r"\d+(\.\d+)?", area):
        return None
    return area if factor == 1.0 else f"{float(area) * factor:.8f}".rstrip("0").rstrip(".")


def _listed(items: Sequence[Item | None]) -> Texts:
    """Return the use of most of a parcel's area, and all items; nothing where nothing is told."""
    if not items:
        return None, None
    told = "; ".join(_spelt(item) if item else LOST for item in items)
    areas: dict[str, float] = {}
    for item in items:
        size = _hectares(item[3], item[4]) if item else None
        if item is None or item[0] is None or (size is None and len(items) > 1):
            return None, told
        areas[item[0]] = areas.get(item[0], 0.0) + float(size or 0)
    most = max(areas.values())
    largest = [use for use, size in areas.items() if size == most]
    return (largest[0] if len(largest) == 1 else None), told


def _own_list(nodes: Sequence[Node], facts: Facts) -> Texts:
    return _listed([_item(node) for node in nodes])


def _list_of_references(nodes: Sequence[Node], facts: Facts) -> Texts:
    def found(node: Node) -> Item | None:
        said = facts.get(f"soil:{identity(node.attributes.get('href', ''))}")
        if said is None:
            return None
        ofu, ozu, ozk, area, unit = (word or None for word in said.split("\t"))
        return ofu, ozu, ozk, area, unit

    return _listed([found(node) for node in nodes])


def _register_unit(nodes: Sequence[Node], facts: Facts) -> Texts:
    """Return the register group and the number of a parcel's register unit; without a number, what it is named by."""
    href = nodes[0].attributes.get("href")
    if not href:
        return None, None
    unit = identity(href)
    return facts.get(f"unit:{unit}"), facts.get(f"unit_number:{unit}") or unit


def _unit(nodes: Sequence[Node], facts: Facts) -> Texts:
    """Return the code of a register unit; its kind is the municipality, of which it is the whole or a part."""
    return nodes[0].text or None, "gmina"


SOIL = ("OFU", "uzytki_powierzchnie")
COMMON = {
    "idIIP": leaves("lokalnyId"),
    "koniecWersjaObiekt": text("koniecWersjaObiekt"),
    "koniecObiekt": text("koniecObiekt"),
}
TABLES: Mapping[str, Mapping[str, Rule]] = {
    "EGB_DzialkaEwidencyjna": {
        **COMMON,
        "idDzialki": text("idDzialki"),
        "poleEwidencyjne": number("poleEwidencyjne"),
        "powierzchniaEwidencyjna": number("poleEwidencyjne"),
        "klasouzytek": Rule(SOIL, _own_list),
        "klasouzytekWGranicachDzialki": Rule(SOIL, _list_of_references),
        "JRG2": Rule(("grupaRejestrowa", "jednostkaRejestrowa"), _register_unit),
    },
    "EGB_KonturKlasyfikacyjny": {**COMMON, "OZU": text("OZU"), "OZK": text("OZK")},
    "EGB_KonturUzytkuGruntowego": {**COMMON, "OFU": text("OFU")},
    "EGB_Budynek": {**COMMON, "rodzajWgKST": text("rodzajWgKST")},
    "EGB_ObrebEwidencyjny": {**COMMON, "idObrebu": text("idObrebu"), "nazwaWlasna": text("nazwa")},
    "EGB_JednostkaEwidencyjna": {
        **COMMON,
        "idJednostkiEwid": Rule(("teryt", "rodzaj"), _unit),
        "nazwaWlasna": text("nazwa"),
    },
}
FACTS = {
    "EGB_Klasouzytek": frozenset({"idIIP", "oznaczenieKlasouzytku", "powierzchniaEwidencyjnaKlasouzytku", *ENDED}),
    "EGB_JednostkaRejestrowaGruntow": frozenset({"idIIP", "grupaRejestrowa", "idJednostkiRejestrowej", *ENDED}),
}


def _told(feature: Feature) -> Iterator[tuple[str, str]]:
    """Tell the soil, or the group and number of the register unit, a feature stands for; nothing of archived ones."""
    held = feature.properties
    if "idIIP" not in held or any(held[name][0].text for name in ENDED & held.keys()):
        return
    own = next((one.text for one in held["idIIP"][0].walk() if one.name == "lokalnyId"), "")
    if feature.name == "EGB_JednostkaRejestrowaGruntow":
        for name, key in (("grupaRejestrowa", "unit"), ("idJednostkiRejestrowej", "unit_number")):
            if name in held:
                yield f"{key}:{identity(own)}", held[name][0].text
        return
    whole = Node(feature.name, {}, gml=False)
    whole.children = [node for nodes in held.values() for node in nodes]
    yield f"soil:{identity(own)}", "\t".join(word or "" for word in _item(whole))


FAMILY = Family(
    TABLES,
    geometry=frozenset({"geometria"}),
    facts=FACTS,
    told=lambda feature: tuple(_told(feature)),
    asking=frozenset({"klasouzytekWGranicachDzialki", "JRG2"}),
)
