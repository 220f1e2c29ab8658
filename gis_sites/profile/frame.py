"""The profile as a GeoDataFrame: one row a parcel (or offer), one or two columns an attribute."""

from typing import TYPE_CHECKING, Any

import numpy as np

from gis_sites.catalogue import Attribute, load_catalogue
from gis_sites.columns import Column, Flags, Range
from gis_sites.errors import NotFound
from gis_sites.profile.values import shown
from gis_sites.store import profiles
from gis_sites.store import revisions as store_revisions
from gis_sites.store.connect import Store
from gis_sites.store.features import LAYERS
from gis_sites.store.states import State

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

HIGH = "_high"


def frame(store: Store, state: State, kind: str = "parcels") -> "gpd.GeoDataFrame":
    """Return the profile of a state: `id`, a column an attribute, `<attribute>_high` where some ends differ, geometry.

    Numbers: unknown is NaN, none an infinity. Flags: True, False, None. Codes and texts: None is unknown, `none` is
    none. Days: ISO texts, with `none` and None alike.

    Raises:
        NotFound: the state holds no such sites.
    """
    import geopandas as gpd

    revision = state.revisions.get(LAYERS[kind])
    if revision is None:
        raise NotFound("store.no_layer_in_state", layer=LAYERS[kind], state=state.id)
    attributes = (store.catalogue or load_catalogue(store.settings.layers)).attributes
    with store.begin() as conn:
        found = store_revisions.read(conn, revision, columns=())
        columns: dict[str, Any] = {"id": found.table["key"].to_pylist()}
        for _, kinds in sorted(state.profiles.items()):
            for short, column in (profiles.read(conn, kinds[kind]) if kind in kinds else {}).items():
                name = f"{kinds[kind].layer}.{short}"
                columns |= _columns(name, column, attributes.get(name))
    return gpd.GeoDataFrame(columns, geometry=found.geometry, crs=state.crs)


def _columns(name: str, column: Column, attribute: Attribute | None) -> dict[str, Any]:
    if isinstance(column, Range):
        ends = {name: column.low}
        if not np.array_equal(column.low, column.high, equal_nan=True):
            ends[name + HIGH] = column.high
        if attribute and attribute.kind == "date":
            return {end: _objects(_days(attribute, values)) for end, values in ends.items()}
        return dict(ends)
    if isinstance(column, Flags):
        return {name: _objects([None if value < 0 else bool(value) for value in column.values])}
    return {name: _objects(np.array([*column.words, None], dtype=object)[column.codes])}


def _days(attribute: Attribute, values: np.ndarray[Any, np.dtype[np.float64]]) -> list[str | None]:
    cells = [shown(attribute, Range(values, values), row) for row in range(len(values))]
    return ["none" if cell["state"] == "none" else cell["value"] for cell in cells]


def _objects(cells: Any) -> "pd.Series[Any]":  # noqa: ANN401 - a list or an array
    import pandas as pd

    # Left to itself pandas would turn None into NaN.
    return pd.Series(cells, dtype=object)
