import datetime as dt
import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.demo import Delivery, write_city
from gis_sites.demo.deliveries import GAS_COVERAGE
from gis_sites.intake.note import read_note
from gis_sites.words import LANGUAGES, sentences

Deliveries = dict[str, Delivery]
ORDER = [
    "boundary", "register", "utilities", "gas", "telecom", "local_plans", "general_plan", "later_plan", "transport",
    "environment", "economic_zone", "register_changes", "offers",
]  # fmt: skip


def read(delivery: Delivery, table: str) -> gpd.GeoDataFrame:
    return gpd.read_file(delivery.path, layer=table, fid_as_index=True)


@pytest.fixture(scope="module")
def parcels(delivered: Deliveries) -> gpd.GeoDataFrame:
    return read(delivered["register"], "dzialki")


@pytest.fixture(scope="module")
def zones(delivered: Deliveries) -> gpd.GeoDataFrame:
    return read(delivered["local_plans"], "mpzp_przeznaczenie")


def test_the_deliveries_come_in_order_with_title_day_and_publisher(delivered: Deliveries) -> None:
    assert list(delivered) == ORDER
    assert delivered["gas"].title == sentences("en")["demo.gas"]
    assert delivered["register"].dated < delivered["register_changes"].dated
    assert all(one.path.exists() and one.publisher for one in delivered.values())


def test_every_title_is_there_in_both_languages() -> None:
    for lang in LANGUAGES:
        assert {f"demo.{key}" for key in [*ORDER, "writing"]} <= set(sentences(lang))


def test_every_note_is_a_note_that_agrees_with_its_delivery(delivered: Deliveries) -> None:
    for one in delivered.values():
        assert one.note is not None
        note = read_note(one.note)
        assert (note.publisher, note.dated) == (one.publisher, one.dated)


def test_the_same_number_and_seed_write_the_same_bytes(tmp_path: Path) -> None:
    def digest(folder: Path, seed: int) -> dict[str, str]:
        write_city(folder, parcels=500, seed=seed)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}

    first, again, other = digest(tmp_path / "a", 1), digest(tmp_path / "b", 1), digest(tmp_path / "c", 2)
    assert first == again
    assert first["02_register.gpkg"] != other["02_register.gpkg"]


@pytest.mark.parametrize("seed", range(1, 7))
def test_any_seed_writes_a_whole_city(tmp_path: Path, seed: int) -> None:
    made = write_city(tmp_path, parcels=500 + 150 * seed, seed=seed)
    tables = [pyogrio.list_layers(one.path)[:, 0] for one in made]
    assert len(np.concatenate(tables)) >= 30


def test_tables_speak_to_every_layer_but_heat(delivered: Deliveries, catalogue: Catalogue) -> None:
    from gis_sites.intake.names import matches

    tables = [str(name) for one in delivered.values() for name in pyogrio.list_layers(one.path)[:, 0]]

    def has_table(names: tuple[str, ...]) -> bool:
        return any(matches(table, pattern) for pattern in names for table in tables)

    named = {layer.name for layer in catalogue if has_table(layer.recognise.names)}
    assert set(catalogue.layers) - named == {"heat"}


def test_no_table_is_empty(delivered: Deliveries) -> None:
    for one in delivered.values():
        for table in pyogrio.list_layers(one.path)[:, 0]:
            assert pyogrio.read_info(one.path, layer=table)["features"] > 0, table


def test_a_few_parcels_are_faulty_as_real_ones_are(parcels: gpd.GeoDataFrame) -> None:
    ids = parcels["ID_DZIALKI"]
    assert len(parcels) == 2002
    assert (ids == "brak").sum() == 1
    assert (~parcels.is_valid).sum() == 1
    current = parcels["KONIEC_WERSJA_OBIEKT"].isna()
    assert (~current).sum() == 1
    assert ids[current].duplicated().sum() == 1
    assert ids.nunique() == 2000
    twice = parcels[current & ids.where(current).duplicated(keep=False)]
    assert twice.geometry.iloc[0].equals(twice.geometry.iloc[1])


def test_areas_are_registered_in_hectares(parcels: gpd.GeoDataFrame) -> None:
    ratio = parcels["POLE_EWIDENCYJNE"] * 10_000 / parcels[parcels.is_valid].area
    assert ratio.median() == pytest.approx(1.0, abs=0.002)


def test_the_boundary_is_the_union_of_the_parcels(delivered: Deliveries, parcels: gpd.GeoDataFrame) -> None:
    (town,) = read(delivered["boundary"], "granica_gminy").geometry
    clean = parcels[parcels.is_valid & ~parcels["ID_DZIALKI"].duplicated()]
    bow_tie = parcels[~parcels.is_valid].geometry.iloc[0].convex_hull
    assert shapely.union_all([*clean.geometry, bow_tie]).symmetric_difference(town).area < 1
    precincts = read(delivered["boundary"], "obreby")
    assert precincts.area.sum() == pytest.approx(town.area)


def test_between_the_deliveries_parcels_are_divided_merged_and_renumbered(
    delivered: Deliveries, parcels: gpd.GeoDataFrame
) -> None:
    later = read(delivered["register_changes"], "dzialki")
    (precinct,) = later["NUMER_OBREBU"].unique()
    before = parcels[(parcels["NUMER_OBREBU"] == precinct) & (parcels["ID_DZIALKI"] != "brak")]
    gone = before[~before["ID_DZIALKI"].isin(later["ID_DZIALKI"])].drop_duplicates("ID_DZIALKI")
    came = later[~later["ID_DZIALKI"].isin(before["ID_DZIALKI"])]
    assert len(gone) == 4  # divided, two merged, renumbered
    assert len(came) == 5  # two halves, merged, renumbered, and the one that had no identifier
    assert came.union_all().area == pytest.approx(came.area.sum())
    nameless = parcels[parcels["ID_DZIALKI"] == "brak"].union_all()
    assert came.union_all().symmetric_difference(gone.union_all().union(nameless)).area < 0.01


def test_networks_have_mains_connections_and_a_few_that_do_not_count(delivered: Deliveries) -> None:
    water = read(delivered["utilities"], "GES_PrzewodWodociagowy")
    assert set(water["FUNKCJA"].dropna()) == {"g", "p"}
    assert 1 <= (water["STATUS"] == "p").sum() < 0.05 * len(water)
    power = read(delivered["utilities"], "GES_PrzewodElektroenergetyczny")
    counts = power["TYP_PRZEWODU"].value_counts()
    assert counts["n"] > 5 * counts["s"] > 5 * counts["w"]
    assert 0.15 * 2000 < ((power["TYP_PRZEWODU"] == "n") & (power["FUNKCJA"] == "g")).sum() < 0.5 * 2000


def test_mains_lie_in_streets(delivered: Deliveries, parcels: gpd.GeoDataFrame) -> None:
    streets = parcels[parcels["KLASOUZYTKI_EGIB"].isin(["dr", "Tk", "Wp"]) & parcels.is_valid].union_all()
    water = read(delivered["utilities"], "GES_PrzewodWodociagowy")
    mains = water[water["FUNKCJA"] == "g"]
    town = read(delivered["boundary"], "granica_gminy").geometry.iloc[0]
    inside = mains.intersection(town)
    assert inside.intersection(streets.buffer(3)).length.sum() > 0.97 * inside.length.sum()


def test_the_gas_works_speak_of_a_part_of_the_city(delivered: Deliveries, folder: Path) -> None:
    note = read_note(delivered["gas"].note or Path())
    assert note.coverage == {"gas": str(folder / GAS_COVERAGE)}
    (area,) = gpd.read_file(folder / GAS_COVERAGE).geometry
    town = read(delivered["boundary"], "granica_gminy").geometry.iloc[0]
    assert 0.3 < area.intersection(town).area / town.area < 0.8


def test_plans_leave_gaps_and_print_symbols_as_cities_do(delivered: Deliveries, zones: gpd.GeoDataFrame) -> None:
    town = read(delivered["boundary"], "granica_gminy").geometry.iloc[0]
    later = read(delivered["later_plan"], "mpzp_wschod").to_crs(zones.crs)
    valid = [*zones[zones["STATUS"] == "obowiązujący"].geometry, *later.geometry]
    assert 0.45 < shapely.union_all(valid).area / town.area < 0.8
    symbols = set(zones["FUN_SYMB"])
    assert {"XQ", "2.MN-3"} <= symbols
    assert any("/" in symbol for symbol in symbols)
    assert set(zones["STATUS"]) == {"obowiązujący", "projekt", "uchylony"}
    assert not zones.duplicated(["NR_UCHWALY", "OZNACZENIE"]).any()
    assert zones["WYS_MAX"].isna().any()
    assert zones["POW_ZAB"].max() > 1


def test_one_zone_ends_on_a_day(zones: gpd.GeoDataFrame) -> None:
    ends = zones["OBOWIAZUJE_DO"].dropna()
    assert [day.date() for day in ends] == [dt.date(2026, 12, 31)]


def test_one_zone_overlaps_its_neighbour_by_less_than_a_square_metre(zones: gpd.GeoDataFrame) -> None:
    shapes = zones.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    first, second = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    common = shapely.area(shapely.intersection(shapes[first], shapes[second]))[first < second]
    slivers = common[common > 0.01]
    assert len(slivers) >= 1
    assert slivers.max() < 1


def test_a_plan_comes_on_its_own_in_another_system_with_shares_as_fractions(delivered: Deliveries) -> None:
    later = read(delivered["later_plan"], "mpzp_wschod")
    assert later.crs.to_epsg() == 2180
    assert later["POW_ZAB"].max() <= 1
    note = read_note(delivered["later_plan"].note or Path())
    assert note.set["zoning.regime"] == "2021"
    assert note.set["zoning.max_coverage_share"] == "fraction"


def test_flood_scenarios_lie_one_in_another_and_one_row_does_not_tell(delivered: Deliveries) -> None:
    flood = read(delivered["environment"], "zagrozenie_powodziowe")
    assert flood["SCENARIUSZ"].isna().sum() == 1
    areas = flood.dissolve("SCENARIUSZ").area
    assert areas["raz na 10 lat"] < areas["raz na 100 lat"] < areas["raz na 500 lat"]


def test_one_junction_lies_beyond_the_boundary(delivered: Deliveries) -> None:
    town = read(delivered["boundary"], "granica_gminy").geometry.iloc[0]
    inside = read(delivered["transport"], "wezly_drogowe").within(town)
    assert inside.any()
    assert not inside.all()


def test_lists_name_parcels_that_are_there_and_one_that_is_not(
    delivered: Deliveries, parcels: gpd.GeoDataFrame
) -> None:
    named = [
        set(text.split(", "))
        for delivery, table in (("economic_zone", "sse_podstrefy"), ("offers", "oferty"))
        for text in pyogrio.read_dataframe(delivered[delivery].path, layer=table)["DZIALKI"]
    ]
    assert any(len(one) > 1 for one in named)
    assert len(set.union(*named) - set(parcels["ID_DZIALKI"])) == 1
