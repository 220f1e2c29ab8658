"""The legend filters, list and map point at each other, and the address holds what is shown: in a real browser."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from api.need_link import packed
from gis_sites.matching.reading import understand
from tests.api.support import Served
from tests.api.test_pages_browser import WIDE, Visit, differing, faults, until

HALLS = {
    "format": 1,
    "title": "Hala 40 x 25",
    "scope": ["parcels", "assemblies"],
    "must": {
        "parcel.net_area_m2": {"min": 6000},
        "parcel.area_m2": {"max": 20000},
        "footprint": {"length_m": 40, "width_m": 25, "height_m": 8, "setback_m": 4},
    },
    "want": {
        "sewer.distance_m": {"at": [0, 400], "worth": [1, 0]},
        "gas.distance_m": {"at": [0, 400], "worth": [1, 0]},
    },
    "assembly": {"max_parcels": 2},
}
SINGLE = {"format": 1, "must": {"parcel.net_area_m2": {"min": 3000}, "parcel.area_m2": {"max": 20000}},
          "want": {"sewer.distance_m": {"at": [0, 400], "worth": [1, 0]}}}  # fmt: skip
Visits = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visits]:
    made: list[Visit] = []

    def open_one(**options: Any) -> Visit:
        made.append(Visit(browser, served.url, viewport=WIDE, **options))
        made[-1].context.set_default_timeout(60_000)
        return made[-1]

    yield open_one
    for one in made:
        one.close()


@pytest.fixture
def answer() -> str:
    """The address of an answer with parcels, assemblies and halls."""
    return f"/shortlists/answer?need={packed(understand(HALLS))}&top=50"


def asked(page: Page) -> dict[str, str]:
    return {name: said[0] for name, said in parse_qs(urlsplit(page.url).query).items()}


def picture(page: Page) -> bytes:
    """Take the map when it has come to rest."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(600)
    return page.locator("#map").screenshot()


def shown(page: Page) -> tuple[list[str], list[str]]:
    """Return the candidates that the list shows, and those that have a pin on the map."""
    cards = [str(one.get_attribute("data-site")) for one in page.locator(".card:visible").all()]
    pins = [str(one.get_attribute("aria-label")).partition(". ")[2] for one in page.locator(".pin:visible").all()]
    return sorted(cards), sorted(pins)


def key(page: Page, name: str) -> Locator:
    return page.locator(f'.scale input[data-class="{name}"]')


def test_the_legend_of_an_answer_filters_list_and_map_and_the_link_keeps_it(visit: Visits, answer: str) -> None:
    visited = visit()
    page = visited.open(answer)
    visited.at_rest()
    whole = shown(page)
    assert whole[0] == whole[1]
    kinds = {one: page.locator(f'.card[data-classes~="kind.{one}"]').count() for one in ("parcel", "assembly")}
    assert min(kinds.values()) > 0, kinds
    assert f"Zespoły działek: {kinds['assembly']}." in page.locator("#map-summary").inner_text()
    assert f"w tym zespoły działek: {kinds['assembly']}" in page.locator("#candidates-title").inner_text()

    # Assemblies are drawn, and go with their key.
    before = picture(page)
    key(page, "kind.assembly").uncheck()
    expect(page.locator("#sifted")).to_contain_text(f"zostawia {kinds['parcel']} z {len(whole[0])}")
    left = shown(page)
    assert left[0] == left[1]
    assert len(left[0]) == kinds["parcel"]
    assert differing(page, before, picture(page)) > 0.01
    # Halls are drawn, and go with theirs; from afar they lie under the numbers.
    page.locator(".card:visible summary").first.press("Enter")
    page.get_by_role("button", name="Przybliż").press("Enter")
    both = picture(page)
    key(page, "hall.all").uncheck()
    assert differing(page, both, picture(page)) > 0.0002
    assert asked(page)["without"].split(",") == ["kind.assembly", "hall.all"]

    # A colleague who gets the link sees the same, in the other language too.
    other = visit()
    opened = other.open(page.url)
    other.at_rest()
    assert shown(opened) == left
    assert not key(opened, "hall.all").is_checked()
    with opened.expect_navigation():
        opened.get_by_role("link", name="English").click()
    other.drawn()
    expect(opened.locator("#sifted")).to_contain_text(f"leaves {len(left[0])} of {len(whole[0])}")
    assert faults(opened) == []

    # All on again: the address is as it was.
    for name in ("kind.assembly", "hall.all"):
        key(page, name).check()
    assert "without" not in asked(page)
    assert shown(page) == whole
    expect(page.locator("#sifted")).to_be_empty()


def test_the_legend_filters_by_tier_and_by_floor(visit: Visits) -> None:
    visited = visit()
    page = visited.open(f"/shortlists/answer?need={packed(understand(SINGLE))}&top=100")
    visited.at_rest()
    whole = shown(page)
    tiers = {one: page.locator(f'.card[data-classes~="tier.{one}"]').count() for one in ("eligible", "to_verify")}
    assert min(tiers.values()) > 0, tiers
    said = page.locator("#map-summary").inner_text()
    assert f"spełnia warunki: {tiers['eligible']}, do sprawdzenia: {tiers['to_verify']}" in said
    key(page, "tier.eligible").uncheck()
    assert shown(page)[0] == shown(page)[1]
    assert len(shown(page)[0]) == tiers["to_verify"]
    key(page, "tier.eligible").check()
    steps = page.locator(".scale input[data-class^='floor.']")
    assert steps.count() > 1
    for at in range(1, steps.count()):
        steps.nth(at).uncheck()
    first = page.locator(f'.card[data-classes~="{steps.first.get_attribute("data-class")}"]').count()
    assert 0 < len(shown(page)[0]) == len(shown(page)[1]) == first < len(whole[0])


def test_a_card_and_its_pin_point_at_each_other(visit: Visits, answer: str) -> None:
    visited = visit()
    page = visited.open(answer)
    visited.at_rest()
    card = page.locator(".card").nth(2)
    site = str(card.get_attribute("data-site"))
    pin = page.get_by_role("button", name=f"3. {site}", exact=True)
    card.hover()
    expect(pin).to_have_class("pin " + str(pin.get_attribute("class")).partition("pin ")[2])
    assert "near" in str(pin.get_attribute("class"))
    page.mouse.move(0, 0)
    expect(page.locator(".pin.near")).to_have_count(0)
    pin.focus()
    expect(page.locator(".card.near")).to_have_attribute("data-site", site)
    page.keyboard.press("Enter")
    expect(page.locator(".card.chosen")).to_have_attribute("data-site", site)
    card.locator("summary").focus()
    expect(page.locator(".pin.near")).to_have_count(1)
    # Over the land itself, where its pin does not lie.
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    page.locator("body").focus()
    for step in range(1, 40):
        page.mouse.move(box["x"] + box["width"] * step / 40, box["y"] + box["height"] * (0.35 + 0.3 * (step % 3)))
        if page.locator(".card.near").count():
            break
    expect(page.locator(".card.near")).to_have_count(1)


def test_a_row_and_its_land_point_at_each_other(visit: Visits) -> None:
    visited = visit()
    page = visited.open("/")
    visited.at_rest()
    row = page.locator("tr[data-site]").first
    site = str(row.get_attribute("data-site"))
    plain = picture(page)
    row.locator("a").first.focus()
    assert differing(page, plain, picture(page)) > 0
    row.get_by_role("button", name=f"Pokaż na mapie: {site}").click()
    assert asked(page)["at"] == site
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def over() -> bool:
        page.mouse.move(x, y + 1)
        page.mouse.move(x, y)
        page.wait_for_timeout(100)
        return page.locator(f'tr.near[data-site="{site}"]').count() == 1

    until(over)


def test_the_address_holds_the_layers_the_classes_and_the_place(visit: Visits) -> None:
    visited = visit()
    page = visited.open("/?v=2&parcel.area_m2=500..&lang=en")
    visited.at_rest()
    assert not {"layers", "without", "view"} & set(asked(page))
    page.locator("#layers > summary").click()
    page.locator("#layers input[name=flood]").check()
    page.locator("#layers input[name=road]").uncheck()
    page.locator('#layers input[data-class="zoning.1"]').uncheck()
    page.locator("#map canvas").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**view=**")
    state = asked(page)
    assert set(state["layers"].split(",")) == {"parcel", "zoning", "boundary", "flood"}
    assert state["without"] == "zoning.1"
    page.reload()
    visited.at_rest()
    before = picture(page)

    def same(one: Page) -> None:
        names = [str(box.get_attribute("name")) for box in one.locator("#layers input[name]:checked").all()]
        assert set(names) == set(state["layers"].split(","))
        assert not one.locator('#layers input[data-class="zoning.1"]').is_checked()
        assert {name: asked(one)[name] for name in ("view", "layers", "without")} == {
            name: state[name] for name in ("view", "layers", "without")
        }

    # State -> address -> state: another reader, the other language, the next page, a further condition.
    other = visit()
    opened = other.open(page.url)
    other.at_rest()
    same(opened)
    assert differing(opened, before, picture(opened)) < 0.01
    for way in (".tongue", ".pager a[rel=next]", "th .basket-way", "a.sort", ".chips a"):
        with opened.expect_navigation():
            opened.locator(way).first.click()
        other.drawn()
        same(opened)
    # A new search shows what it finds: of the picture the layers stay, the place does not.
    opened.locator("#q").fill("1")
    with opened.expect_navigation():
        opened.locator("#q").press("Enter")
    other.drawn()
    assert "view" not in asked(opened)
    assert set(asked(opened)["layers"].split(",")) == set(state["layers"].split(","))

    # As it was at first: nothing is said.
    page.locator("#layers > summary").click()
    page.locator("#layers input[name=flood]").uncheck()
    page.locator("#layers input[name=road]").check()
    assert "layers" not in asked(page)
    for name in (*asked(opened)["layers"].split(","), "road"):
        page.locator(f"#layers input[name={name}]").uncheck()
    assert asked(page)["layers"] == "-"
    page.reload()
    visited.drawn()
    assert page.locator("#layers input[name]:checked").count() == 0


def test_a_link_that_says_nonsense_of_the_map_shows_the_usual_one(visit: Visits) -> None:
    page = visit().open("/?view=99/999/999&layers=none_of_ours,,&without=x.y")
    assert page.locator("#layers input[name]:checked").count() == 0
    page = visit().open("/?view=1/91/0")
    assert page.locator("#layers input[name]:checked").count() > 1
    page.wait_for_selector("#map[data-ready=idle]")


def test_what_was_found_is_announced(visit: Visits) -> None:
    page = visit().open("/?v=2&parcel.area_m2=500..")
    count = page.locator("#count").inner_text()
    assert page.locator("#count").get_attribute("role") is None
    expect(page.get_by_role("status").first).to_contain_text(count)
    expect(page.get_by_role("status").first).to_contain_text("Na mapie zaznaczono")
    assert page.title().startswith(count)
