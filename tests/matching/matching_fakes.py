"""A small catalogue and views in memory: matching is tested without a database."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from gis_sites.catalogue import Attribute, Catalogue, Layer
from gis_sites.columns import Column, Flags, Labels, Range

LAYERS = """
[parcel]
title = { pl = "Działki", en = "Parcels" }
geometry = "polygon"
public = "geometry"
key = ["id"]
[parcel.fields]
id = { type = "text" }
owner = { type = "code", codes = { city = [], private = [] }, public = false }
[parcel.attributes]
id = { measure = "own_field", field = "id", title = { pl = "identyfikator", en = "identifier" } }
area_m2 = { measure = "area", title = { pl = "powierzchnia", en = "area" } }
measured_area_m2 = { measure = "measured_area", title = { pl = "pomiar", en = "measured area" } }
owner_class = { measure = "own_field", field = "owner", title = { pl = "własność", en = "owner" } }
[parcel.attributes.compactness]
measure = "compactness"
title = { pl = "zwartość", en = "compactness" }
scale = { at = [0.3, 0.8], worth = [0.0, 1.0] }

[flood]
title = { pl = "Zagrożenie powodzią", en = "Flood hazard" }
geometry = "polygon"
public = "geometry"
key = "content"
fields = {}
[flood.attributes]
share = { measure = "share_covered", title = { pl = "udział", en = "share" } }
distance_m = { measure = "nearest_distance", title = { pl = "odległość", en = "distance" } }

[power]
title = { pl = "Elektroenergetyka", en = "Power lines" }
geometry = "line"
public = "values"
key = "content"
[power.fields]
capacity = { type = "number", unit = "kW" }
firm = { type = "flag" }
[power.attributes]
mv_distance_m = { measure = "nearest_distance", title = { pl = "odległość do SN", en = "distance to MV" } }
crosses = { measure = "crosses", title = { pl = "przecina działkę", en = "crosses the parcel" } }
capacity_kw = { measure = "joined_field", field = "capacity", title = { pl = "moc", en = "capacity" } }
firm = { measure = "joined_field", field = "firm", title = { pl = "moc gwarantowana", en = "firm power" } }

[road]
title = { pl = "Drogi", en = "Roads" }
geometry = "line"
public = "geometry"
key = "content"
[road.fields]
class = { type = "code", order = ["main", "collector", "local"] }
[road.attributes]
class = { measure = "nearest_value", field = "class", title = { pl = "klasa", en = "class" } }
distance_m = { measure = "nearest_distance", title = { pl = "odległość", en = "distance" } }
[road.attributes.frontage_m]
measure = "frontage"
reach_m = 20.0
title = { pl = "front", en = "frontage" }

[zoning]
title = { pl = "Plan miejscowy", en = "Local plan" }
geometry = "polygon"
public = "geometry"
key = "content"
[zoning.fields]
plan = { type = "text" }
height = { type = "number", unit = "m" }
[zoning.attributes]
plan_share = { measure = "share_covered", title = { pl = "udział planu", en = "plan share" } }
production_share = { measure = "share_covered", title = { pl = "udział produkcji", en = "production share" } }
plan = { measure = "largest_class", field = "plan", title = { pl = "plan", en = "plan" } }
[zoning.attributes.max_height_m]
measure = "extreme_covering"
field = "height"
pick = "min"
title = { pl = "maksymalna wysokość", en = "greatest height" }

[general_plan]
title = { pl = "Plan ogólny", en = "General plan" }
geometry = "polygon"
public = "geometry"
key = "content"
fields = {}
[general_plan.attributes]
production_share = { measure = "share_covered", title = { pl = "udział produkcji", en = "production share" } }

[offer]
title = { pl = "Tereny do zbycia", en = "Land on offer" }
geometry = "table"
public = "values"
key = ["id"]
parcels = "parcels"
[offer.fields]
id = { type = "text" }
parcels = { type = "text" }
price = { type = "number", unit = "PLN/m2" }
from = { type = "date" }
[offer.attributes]
price_pln_m2 = { measure = "joined_field", field = "price", title = { pl = "cena", en = "price" } }
available_from = { measure = "joined_field", field = "from", title = { pl = "dostępna od", en = "available from" } }
"""


def small_catalogue() -> Catalogue:
    """A few layers with every kind of value."""
    tables = tomllib.loads(LAYERS)
    return Catalogue({name: Layer.model_validate({"name": name, **table}) for name, table in tables.items()}, {})


CATALOGUE = small_catalogue()


class FakeView:
    """The profile of one state, in memory."""

    in_id_order = False
    inventory: Mapping[str, Any] = {"state": 7, "as_of": "2026-11-21", "revisions": {"parcel": 3, "secret": 1}}

    def __init__(
        self,
        columns: Mapping[str, Column],
        ids: Sequence[str],
        kind: str = "parcels",
        *,
        catalogue: Catalogue = CATALOGUE,
    ) -> None:
        self.columns, self.ids, self.kind, self.catalogue = dict(columns), list(ids), kind, catalogue
        self.rows = {identifier: row for row, identifier in enumerate(self.ids)}
        self.kept: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def id(self, row: int) -> str:
        return self.ids[row]

    def row(self, id: str) -> int | None:
        return self.rows.get(id)

    def column(self, name: str) -> Column:
        return self.columns[name] if name in self.columns else nothing_known(self.catalogue.attributes[name], len(self))

    def source(self, name: str) -> dict[str, Any]:
        layer = name.partition(".")[0]
        known = name in self.columns
        dated = {"part": "all", "dated": "2026-06-30", "publisher": "Urząd"} if known else {"reason": "not_loaded"}
        return {"kind": "layer", "layer": layer, "revision": 2 if known else None, **dated}

    def only(self, rows: Sequence[int]) -> "FakeView":
        """The same view with some rows, in the order given."""
        kept = {name: column.take(np.asarray(rows, dtype=np.intp)) for name, column in self.columns.items()}
        return FakeView(kept, [self.ids[row] for row in rows], self.kind, catalogue=self.catalogue)


class FakeOffers(FakeView):
    """Offers, each naming parcels."""

    def __init__(self, columns: Mapping[str, Column], offers: Mapping[str, Sequence[str]]) -> None:
        super().__init__(columns, list(offers), "offers")
        self.offers = offers

    def parcels(self, row: int) -> Sequence[str]:
        return self.offers[self.ids[row]]


def nothing_known(attribute: Attribute, n: int) -> Column:
    """A column of unknowns of the attribute's kind."""
    if attribute.kind == "flag":
        return Flags.unknown(n)
    return Range.unknown(n) if attribute.kind in {"number", "date"} else Labels.unknown(n)


def column_of(attribute: Attribute, cells: Sequence[Any]) -> Column:
    """A column from cells as people write them: 3, [1, 2], true, "code", a day, "none", "unknown"."""
    if attribute.kind == "flag":
        return Flags(np.array([-1 if cell == "unknown" else int(cell) for cell in cells], dtype=np.int8))
    if attribute.kind in {"code", "text"}:
        return Labels.of([None if cell == "unknown" else cell for cell in cells])
    ends = [_ends(attribute, cell) for cell in cells]
    low, high = (np.array([pair[end] for pair in ends], dtype=np.float64) for end in (0, 1))
    return Range.exact(low) if np.array_equal(low, high, equal_nan=True) else Range(low, high)


def _ends(attribute: Attribute, cell: Any) -> tuple[float, float]:
    if cell == "unknown":
        return np.nan, np.nan
    if cell == "none":
        return attribute.none, attribute.none
    low, high = cell if isinstance(cell, list) else (cell, cell)
    return _days(low), _days(high)


def _days(cell: Any) -> float:
    return float((cell - date(1970, 1, 1)).days) if isinstance(cell, date) else float(cell)


def view_of(
    profile: Mapping[str, Sequence[Any]], kind: str = "parcels", *, catalogue: Catalogue = CATALOGUE
) -> FakeView:
    """A view from a table of cells; `id` names the rows."""
    cells = {name: column for name, column in profile.items() if name != "id"}
    columns = {name: column_of(catalogue.attributes[name], column) for name, column in cells.items()}
    return FakeView(columns, profile["id"], kind, catalogue=catalogue)
