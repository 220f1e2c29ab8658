"""What the hand-out holds, read as text and as a parsed page."""

import copy
import html
import re
from html.parser import HTMLParser
from typing import Any

import geopandas as gpd
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.maps import Overlay, hand_out, layers_concerned
from gis_sites.maps.overlays import draw, legend_steps
from gis_sites.maps.scale import COLORS, look
from gis_sites.matching import phrases, sentences
from tests.maps.made_up import X, Y, candidate, must, shortlist_of, sites_of

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}{% raw %}${3}`"


class Page(HTMLParser):
    """The elements and visible words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside not in {"script", "style"}:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.inside = None

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def page_of(
    shortlist: dict[str, Any], catalogue: Catalogue, overlays: list[Overlay] | None = None, **more: Any
) -> Page:
    sites = sites_of(shortlist["candidates"])
    return Page(hand_out(shortlist, sites, overlays or [], catalogue, **more))


def test_names_no_address_and_no_library_but_leaflet(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, overlays: list[Overlay], catalogue: Catalogue
) -> None:
    text = hand_out(shortlist, sites, overlays, catalogue)
    page = Page(text)
    asked = [
        (tag, value)
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "href", "action", "data", "poster", "srcset"}
    ]
    assert asked == [("link", "data:,"), ("a", "#list")]
    assert page.count("script") == 4
    assert not re.search(r"jquery|bootstrap|fontawesome|awesome-markers|cdn\.|@import", text, re.IGNORECASE)
    assert set(re.findall(r"url\((?!#|&quot;|\"|data:)([^)]*)\)", text)) <= {"#default#VML"}
    policy = dict(page.tags)["meta"]
    assert "Leaflet 1.9.4" in text
    assert "Volodymyr Agafonkin" in text  # its licence goes with it
    assert policy is not None


def test_same_shortlist_same_bytes(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, overlays: list[Overlay], catalogue: Catalogue
) -> None:
    assert hand_out(shortlist, sites, overlays, catalogue) == hand_out(shortlist, sites, overlays, catalogue)


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_says_everything_in_both_languages(shortlist: dict[str, Any], catalogue: Catalogue, lang: str) -> None:
    page = page_of(shortlist, catalogue, lang=lang)
    assert dict(page.tags)["html"] == {"lang": lang}
    for spoken in ("pl", "en"):
        for caution in sentences.cautions(spoken):
            assert caution in page.text
        for entry in (shortlist["candidates"][0]["musts"][0], shortlist["candidates"][0]["wants"][0]):
            attribute = catalogue.attributes[entry["attribute"]]
            assert phrases.title_text(attribute, spoken) in page.text
            assert phrases.value_text(entry, attribute, spoken).replace("\xa0", " ") in page.text
            assert phrases.source_text(entry["source"], spoken, catalogue) in page.text
    assert "21 listopada 2026" in page.text
    assert "21 November 2026" in page.text
    assert "447 086" in page.text
    assert "447,086" in page.text
    assert "1,5 MW mocy umownej od 2028" in page.text
    assert "1.5 MW firm from 2028" in page.text


def test_lists_candidates_by_rank_with_score_and_gap(shortlist: dict[str, Any], catalogue: Catalogue) -> None:
    page = page_of(shortlist, catalogue)
    places = [page.text.index(one["id"]) for one in shortlist["candidates"]]
    assert places == sorted(places)
    assert "91,9–100" in page.text
    assert "91.9–100" in page.text
    assert "różnica 8,1" in page.text
    assert "the gap of 8.1" in page.text
    assert "from 90 m to 160 m" in page.text.replace("\xa0", " ")


def test_writes_nothing_a_person_wrote_as_markup(catalogue: Catalogue) -> None:
    one = candidate(1, id=HOSTILE, parcels=[HOSTILE])
    one["musts"][0]["source"]["publisher"] = HOSTILE
    one["musts"][0]["remarks"] = {"note": HOSTILE}
    one["wants"][1]["value"] = HOSTILE
    one["asks"][0] |= {"text": {"pl": HOSTILE, "en": HOSTILE}, "of": HOSTILE}
    shortlist = shortlist_of([one], made={"at": HOSTILE, "software": HOSTILE})
    shortlist["requirement"] |= {"title": HOSTILE, "note": HOSTILE, "needed_from": HOSTILE}
    shortlist["inventory"] |= {"state": HOSTILE, "as_of": HOSTILE}
    layer = catalogue.layer("substation")
    title = layer.title.model_copy(update={"pl": HOSTILE, "en": HOSTILE})
    legend = tuple(entry.model_copy(update={"title": title}) for entry in layer.legend)
    hostile = layer.model_copy(update={"title": title, "legend": legend})
    rows = gpd.GeoDataFrame({"name": [HOSTILE]}, geometry=[shapely.Point(X, Y)], crs=sites_of([one]).crs)
    private = catalogue.layer("power").model_copy(update={"title": title})
    text = hand_out(shortlist, sites_of([one]), [Overlay(hostile, rows), Overlay(private, rows)], catalogue)
    page = Page(text)
    assert page.count("script") == 4
    assert page.count("img") == 0
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "{{ 7*7 }}" in html.unescape(text)
    assert "alert(1)" in page.text
    assert "<script>alert" not in text


def test_masks_land_register_numbers(catalogue: Catalogue) -> None:
    one = candidate(1)
    one["musts"][0]["source"]["publisher"] = "KW KZ1A/00012345/6"
    shortlist = shortlist_of([one])
    shortlist["requirement"]["title"] = "KZ1A/00012345/6, 80010112345"
    layer = catalogue.layer("substation")
    row = gpd.GeoDataFrame({"name": ["KZ1A/00012345/6"]}, geometry=[shapely.Point(X, Y)], crs=sites_of([one]).crs)
    text = hand_out(shortlist, sites_of([one]), [Overlay(layer, row)], catalogue)
    assert "00012345" not in text
    assert "80010112345" not in text
    assert "***" in text


def test_leaves_out_what_is_not_public(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, overlays: list[Overlay], catalogue: Catalogue
) -> None:
    shortlist = copy.deepcopy(shortlist)
    owner = must("parcel.owner_class", value="natural", required={"any_of": ["natural"]})
    for one in shortlist["candidates"]:
        one["musts"].append(owner)
    shortlist["counts"]["failed_by"]["parcel.owner_class"] = {"at_all": 5, "alone": 5}
    unknown = ("parcel.owner_class", "power.capacity_kw")
    shortlist["notices"] = [{"kind": "unknown_everywhere", "attribute": name} for name in unknown]
    page = Page(text := hand_out(shortlist, sites, overlays, catalogue))
    assert not catalogue.attributes["parcel.owner_class"].public
    assert "natural" not in page.text
    assert phrases.title_text(catalogue.attributes["parcel.owner_class"], "en") not in page.text
    assert "not public, not shown here: 1." in page.text
    assert phrases.title_text(catalogue.attributes["power.capacity_kw"], "en") in page.text
    assert re.search("Not on the map, because their geometry is not public: .* Power lines", page.text)
    assert text.count("handout.overlay(") == len(overlays) - 1


def test_alternatives_are_hidden_when_one_rests_on_what_is_not_public(catalogue: Catalogue) -> None:
    one = candidate(1)
    one["musts"][2]["any"].append({"verdict": "met", "musts": [must("parcel.owner_class", value="natural")]})
    page = page_of(shortlist_of([one]), catalogue)
    assert "natural" not in page.text
    assert phrases.title_text(catalogue.attributes["zoning.production_share"], "en") not in page.text


def test_draws_the_first_and_says_so(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, catalogue: Catalogue, overlays: list[Overlay]
) -> None:
    zoning, *_ = overlays
    page = Page(hand_out(shortlist, sites, [zoning], catalogue, max_features=1))
    assert "the first 1 of 7 candidates" in page.text
    assert "pierwsze 1 z 7 propozycji" in page.text
    assert "Local plan: the map shows the first 1 of 2 features" in page.text
    assert shortlist["candidates"][1]["id"] not in page.text
    assert "the first" not in Page(hand_out(shortlist, sites, [zoning], catalogue)).text


def test_keeps_under_the_size_bound(catalogue: Catalogue) -> None:
    candidates = [candidate(rank) for rank in range(1, 60)]
    sites = sites_of(candidates, across=10)
    whole = hand_out(shortlist_of(candidates), sites, [], catalogue)
    assert "the first" not in Page(whole).text
    bound = len(whole.encode()) - 100_000
    cut = hand_out(shortlist_of(candidates), sites, [], catalogue, max_bytes=bound)
    assert len(cut.encode()) <= bound
    assert re.search(r"the first \d+ of 59 candidates", Page(cut).text)


def test_candidate_without_boundary_is_listed_and_said(shortlist: dict[str, Any], catalogue: Catalogue) -> None:
    sites = sites_of(shortlist["candidates"])
    page = Page(hand_out(shortlist, sites.iloc[1:], [], catalogue))
    assert shortlist["candidates"][0]["id"] in page.text
    assert "Candidates not drawn, because their boundaries were not given: 1." in page.text


def test_assembly_is_drawn_from_its_parcels(catalogue: Catalogue) -> None:
    one = candidate(1, kind="assembly", id="a+b", parcels=["a", "b"])
    sites = sites_of([{"id": "a"}, {"id": "b"}])
    page = Page(hand_out(shortlist_of([one]), sites, [], catalogue))
    assert "not drawn" not in page.text
    assert "Parcels: a, b" in page.text.replace(" ,", ",")


def test_no_candidates_and_no_wants(catalogue: Catalogue) -> None:
    empty = page_of(shortlist_of([]), catalogue)
    assert "No site meets every must." in empty.text
    plain = page_of(shortlist_of([candidate(1, floor=None, ceiling=None, wants=[])]), catalogue)
    assert "no score" in plain.text


def test_colour_is_by_fixed_classes_of_the_floor_and_line_by_the_gap() -> None:
    assert [look(floor, floor).fill for floor in (0.0, 19.9, 20.0, 79.9, 80.0, 100.0)] == [
        COLORS[step] for step in (0, 0, 1, 3, 4, 4)
    ]
    assert [look(50.0, ceiling).line for ceiling in (50.0, 50.04, 50.1, 59.9, 60.0)] == [
        "solid", "solid", "dash", "dash", "dot",
    ]  # fmt: skip


def test_legend_shows_the_classes_that_occur(overlays: list[Overlay], catalogue: Catalogue) -> None:
    around = sites_of([candidate(rank) for rank in range(1, 8)])
    drawn = draw(overlays[0], around, catalogue, most=10, room=100_000)
    titles = [entry.title.en for _, entry in drawn.legend if entry]
    assert titles == ["production", "housing"]  # from the printed symbols, by the table of uses
    production, housing = (drawn.style(feature) for feature in drawn.features)
    assert production["fillColor"].startswith("url(#fill-zoning-")
    assert housing["fillColor"].startswith("#")


def test_stored_classes_go_before_a_new_look_up(catalogue: Catalogue) -> None:
    import pandas as pd

    layer = catalogue.layer("zoning")
    rows = pd.DataFrame({"symbol": ["MN", "MN"], "symbol_yes": ["logistics", None]})
    codes = [layer.legend[step].title.en for step in legend_steps(layer, rows, catalogue)]
    assert codes == ["logistics", layer.legend[-1].title.en]


def test_overlays_are_cut_to_the_surroundings(catalogue: Catalogue) -> None:
    around = sites_of([candidate(1)])
    layer = catalogue.layer("road")
    lines = [shapely.LineString([(X - 90_000, Y), (X + 90_000, Y)]), shapely.LineString([(X, Y + 9000), (X, Y + 9900)])]
    rows = gpd.GeoDataFrame({"class": ["main", "local"]}, geometry=lines, crs=around.crs)
    drawn = draw(Overlay(layer, rows), around, catalogue, most=10, room=10_000)
    assert drawn.total == 1
    assert len(drawn.features) == 1
    degrees = [point[0] for point in drawn.features[0]["geometry"]["coordinates"]]
    assert max(degrees) - min(degrees) < 0.02
    assert all(round(value, 7) == value for value in degrees)


def test_layers_concerned_are_those_named_and_public(shortlist: dict[str, Any], catalogue: Catalogue) -> None:
    assert layers_concerned(shortlist, catalogue) == ["flood", "zoning", "general_plan", "road"]
    assert layers_concerned(shortlist, catalogue, public="values") == ["power"]
