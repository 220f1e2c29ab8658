"""The page of shortlists: a requirement as text or file, the ranked answer with its reasons, and its exports."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from geopandas import GeoSeries
from markupsafe import Markup
from shapely.geometry import shape as shapely_shape

from api.bodies import Sent, requirement
from api.errors import TooLarge
from api.face import Face
from api.filters import AREA, Filters
from api.listing import own_title
from api.map_data import feature
from api.need_shown import faults_of
from api.parcel_page import outlines
from api.texts import Speech, only, stopped, tongue
from gis_sites.catalogue import Attribute
from gis_sites.errors import RequirementError
from gis_sites.maps import scale
from gis_sites.maps.answers import in_words
from gis_sites.maps.cards import Card, Sources, card
from gis_sites.maps.footprints import standing
from gis_sites.maps.handout import side_by_side
from gis_sites.maps.overlays import Overlay, geojson
from gis_sites.maps.preface import preface
from gis_sites.maps.sketch import Shape, Sketch, draw_sketch, window
from gis_sites.matching.limits import LARGEST
from gis_sites.matching.phrases import mark
from gis_sites.matching.reading import parse, template_text, templates
from gis_sites.matching.requirement import FOOTPRINT, Requirement
from gis_sites.matching.sentences import entry_title, notice_sentence, title_text, value_text
from gis_sites.matching.table import AREAS
from gis_sites.matching.written import written
from gis_sites.profile.merge import JOIN
from gis_sites.store.features import features_in
from gis_sites.store.states import State
from gis_sites.words import say

Json = dict[str, Any]
TOPS = (10, 25, 50, 100)
USUAL = 25
FORMATS = {
    "map": (".html", "text/html; charset=utf-8"),
    "xlsx": (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (".csv", "text/csv; charset=utf-8"),
    "gpkg": (".gpkg", "application/geopackage+sqlite3"),
    "geojson": (".geojson", "application/geo+json"),
    "json": (".json", "application/json"),
    "pdf": (".pdf", "application/pdf"),
}
"""What a shortlist can be had as: how the file's name ends, and its type."""
WITH_ANSWERS = ("map", "json", "pdf")
"""Those that also say what a concession opens, how sure the first places are, what other methods say."""
TOO_WIDE = 8000.0
"""Metres across; streets would blacken a wider drawing."""
BRIEF = 2
WANTED = ("road.distance_m", "power.mv_distance_m", "water.distance_m", "sewer.distance_m")
"""What a requirement to go on with would have near."""
CONTEXT = ("boundary", "road")
"""The layers that say where in the city a candidate lies."""


def text_of(fields: Mapping[str, bytes]) -> bytes:
    """Return the requirement of a form: a file that was chosen goes before the text.

    Raises:
        TooLarge: it is longer than a requirement can be.
    """
    content = fields.get("file") or fields.get("requirement", b"")
    if len(content) > LARGEST:
        raise TooLarge("http.too_large", size=len(content) // 1024, most=LARGEST // 1024)
    return content


def understood(content: bytes) -> Requirement:
    """Understand what was written or opened; JSON begins with a brace, TOML does not.

    Raises:
        RequirementError: it cannot be understood; the sentence says where and why.
    """
    return requirement(Sent("JSON" if content.lstrip()[:1] == b"{" else "TOML", content))


def top_of(fields: Mapping[str, bytes]) -> int:
    """Return how many candidates are asked for."""
    said = fields.get("top", b"").decode("ascii", "replace")
    return int(said) if said in map(str, TOPS) else USUAL


def sector_templates(speech: Speech) -> list[tuple[str, str, str]]:
    """Return the sector templates: name, title, text."""
    found = []
    for name in templates():
        text = template_text(name)
        found.append((name, tongue(parse(text).get("title", name), speech.lang), text))
    return found


def beginnings(filters: Filters, face: Face, speech: Speech) -> str:
    """Write a requirement to go on with: the conditions of the list, and wants that are usual."""
    known, asked = face.catalogue.attributes, filters.table(face.catalogue)
    usual = {"flood.share": {"max": 0.0}} if "flood.share" in known else {}
    must = {**usual, **asked.get("must", {AREA: {"min": 5000.0}})}
    want = {name: {"at": [0, 800], "worth": [1, 0]} for name in WANTED if name in known}
    return written({"format": 1, "title": speech.say("own_title"), **asked, "must": must, "want": want})


def attribute_list(face: Face, lang: str) -> list[Json]:
    """Return the names a requirement may use, by layer."""
    return [
        {
            "title": layer.title.say(lang),
            "rows": [
                (one.name, title_text(one, lang), one.unit or one.kind, ", ".join(one.codes))
                for one in face.catalogue.attributes.values()
                if one.layer.name == layer.name
            ],
        }
        for layer in face.catalogue
        if layer.attributes
    ]


# ---- the answer ----------------------------------------------------------------------------------------


def answer(face: Face, shortlist: Mapping[str, Any], speech: Speech) -> Json:
    """Return all that the page says of a shortlist."""
    sources = Sources(face.catalogue)
    asks = list(shortlist.get("asks", []))
    cards = [card(at, one, asks, face.catalogue, sources) for at, one in enumerate(shortlist["candidates"])]
    head = preface(shortlist, face.catalogue)
    told = [stopped(notice_sentence(one, face.catalogue, speech.lang)) for one in shortlist["notices"]]
    return {
        "head": head,
        "cards": [_shown(one, shortlist["candidates"][one.at], face, speech) for one in cards],
        "sources": sources.texts,
        "notices": told,
        "classes": scale.classes(),
        "told": in_words(shortlist, face.catalogue),
        "word": lambda key, **values: say(f"answer.{key}", speech.lang, **values),
        "hrefs": _hrefs(shortlist, speech),
        "one": lambda text: only(text, speech.lang) if isinstance(text, Markup) else text,
        "fit": shortlist["counts"]["eligible"] + shortlist["counts"]["to_verify"],
    }


def _hrefs(shortlist: Mapping[str, Any], speech: Speech) -> dict[str, str]:
    """Return where the sites that answers name have their pages; an assembly has none."""
    named = [*shortlist["candidates"], *shortlist.get("near_misses", ())]
    paths = {"parcel": "/parcels/", "offer": "/offers/"}
    return {one["id"]: speech.link(paths[one["kind"]] + one["id"]) for one in named if one["kind"] in paths}


def _shown(made: Card, candidate: Mapping[str, Any], face: Face, speech: Speech) -> Json:
    path = "/offers/" if candidate["kind"] == "offer" else "/parcels/"
    step = scale.COLORS.index(made.look.fill) if made.look.fill in scale.COLORS else None
    unknown = [one["attribute"] for one in candidate["musts"] if one["verdict"] == "unknown"]
    return {
        "card": made,
        "links": [(id, speech.link(f"{path}{id}")) for id in made.id.split(JOIN)],
        "step": step,
        "classes": [f"floor.{step}", f"line.{made.look.line}", f"tier.{made.tier}", f"kind.{candidate['kind']}"],
        "doubts": [entry_title(name, face.catalogue, speech.lang) for name in unknown],
        "brief": _brief(candidate, face, speech),
    }


def _short(attribute: Attribute, lang: str) -> str:
    """Call a parcel's own attribute by its own name; others need their layer's."""
    return own_title(attribute, lang) if attribute.layer.name == "parcel" else title_text(attribute, lang)


def _brief(candidate: Mapping[str, Any], face: Face, speech: Speech) -> list[str]:
    """Say how large a candidate is, if that was asked, and the wants that bring it most."""
    known = [one for one in (*candidate["musts"], *candidate["wants"]) if one["attribute"] in AREAS]
    best = sorted(candidate["wants"], key=lambda want: (-float(want["points"]), want["attribute"]))
    chosen = {one["attribute"]: one for one in [*known[:1], *best[:BRIEF]] if one["state"] != "unknown"}
    attributes = face.catalogue.attributes
    return [
        f"{_short(attributes[name], speech.lang)}: {value_text(one, attributes[name], speech.lang)}{mark(one)}"
        for name, one in chosen.items()
    ]


def chart(face: Face, state: State, shortlist: Mapping[str, Any]) -> tuple[Json, list[Json]]:
    """Draw the candidates and where a hall stands; return what the page draws, and outlines for the live map."""
    shapes: dict[tuple[str, str], tuple[Any, str | None]] = {}
    for kind in ("parcel", "offer"):
        ids = [one["id"] for one in shortlist["candidates"] if one["kind"] == kind]
        found, texts = outlines(face, state, f"{kind}s", ids)
        shapes |= {(kind, one): pair for one, pair in zip(ids, zip(found, texts, strict=True), strict=True)}
    shapes |= _joined(face, state, [one for one in shortlist["candidates"] if one["kind"] == "assembly"])
    ordered = [(one, *shapes[one["kind"], one["id"]]) for one in shortlist["candidates"]]
    made = [_outlined(one, outline) for one, _, outline in ordered]
    placed = [place for place, (_, shape, _) in enumerate(ordered) if shape is not None]
    sketch, halls = _sketch(face, state, [ordered[place] for place in placed]) if placed else (None, [])
    return {"sketch": sketch, "placed": placed, "halls": halls}, [one for one in made if one]


def _outlined(one: Json, outline: str | None) -> Json | None:
    look = scale.look(one["floor"], one["ceiling"])
    drawn = {"fill": look.fill, "ink": look.ink, "line": look.line, "tier": one["tier"], "kind": one["kind"]}
    return feature(one["id"], outline, rank=one["rank"], **drawn)


def _joined(face: Face, state: State, found: list[Json]) -> dict[tuple[str, str], tuple[Any, str | None]]:
    """Return the outlines of assemblies: those of their parcels, side by side."""
    parcels = sorted({id for one in found for id in one["parcels"]})
    known = dict(zip(parcels, outlines(face, state, "parcels", parcels)[0], strict=True))
    shapes = [side_by_side([known[id] for id in one["parcels"]]) for one in found]
    texts = geojson(GeoSeries(shapes, crs=state.crs)) if shapes else []
    return {("assembly", one["id"]): pair for one, pair in zip(found, zip(shapes, texts, strict=True), strict=True)}


def _sketch(face: Face, state: State, placed: list[tuple[Json, Any, str | None]]) -> tuple[Sketch, list[Shape]]:
    ground = window([shape for _, shape, _ in placed], least=300.0)
    west, _, east, _ = ground.bounds
    names = CONTEXT if east - west < TOO_WIDE else CONTEXT[:1]
    layers = [face.catalogue.layers[name] for name in names if name in face.catalogue.layers]
    with face.inventory.store.begin() as conn:
        overlays = [Overlay(one, features_in(conn, state, one, ground.bounds, limit=4000)) for one in layers]
    drawn = [one for one in overlays if len(one.rows)]
    halls = [shapely_shape(must[FOOTPRINT]["working"]) for one, _, _ in placed if (must := standing(one))]
    sites = draw_sketch([shape for _, shape, _ in placed], drawn, face.catalogue, ground)
    return sites, draw_sketch(halls, [], face.catalogue, ground).sites if halls else []


def refusal(error: RequirementError, speech: Speech) -> list[str]:
    """Say what is wrong with a requirement, a line a fault."""
    return [stopped(fault.say(speech.lang)) for fault in faults_of(error)]


# ---- exports -------------------------------------------------------------------------------------------


def exported(face: Face, shortlist: Mapping[str, Any], form: str, lang: str) -> bytes:
    """Return a shortlist as a file; it passes through a folder that is gone at once, and is kept nowhere."""
    if form == "json":
        return json.dumps(shortlist, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    with tempfile.TemporaryDirectory(prefix="gis-sites-") as folder:
        path = Path(folder) / f"shortlist{FORMATS[form][0]}"
        spoken: Literal["pl", "en"] = "pl" if lang == "pl" else "en"
        (face.inventory.map if form == "map" else face.inventory.export)(shortlist, path, lang=spoken)
        return path.read_bytes()


def file_name(shortlist: Mapping[str, Any], form: str, lang: str) -> str:
    """Return a name for the file that any system takes: the requirement's title without odd signs."""
    stem = named_after(shortlist["requirement"], lang) or "shortlist"
    return f"{stem}-{shortlist['id'][:8]}{FORMATS[form][0]}"


def named_after(requirement: Mapping[str, Any], lang: str) -> str:
    """Return the title as the beginning of a file's name; empty where nothing of it can stand there."""
    import unicodedata

    title = tongue(requirement.get("title") or "", lang).translate(str.maketrans("łŁ", "lL"))
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:50].strip("-")
