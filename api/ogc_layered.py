"""A public layer as tipg asks it: which rows a question means, and how they are written."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import shapely
from cql2 import Expr
from tipg.collections import Column, ItemList, PgCollection, TransformerFromCRS

from api.ogc_question import cut
from gis_sites.layer import Layer
from gis_sites.store.extent import Degrees
from gis_sites.store.published import Published
from gis_sites.store.views import PUBLISHED

Json = dict[str, Any]
ID = "id"
"""The column that tells rows apart."""
SIDES = 64
"""Straight pieces of a bent side: at 20 km from end to end they leave it by 3 mm at most."""


class Layered(PgCollection):
    """A public layer of a state as a collection: its id is the layer's name."""

    source: str
    around: Degrees | None
    one: bool = False
    """A single row is asked for: nobody asks how many there are."""

    async def _features_count_query(self, conn: Any, **question: Any) -> int:  # noqa: ANN401 - as tipg asks
        return 1 if self.one else int(await super()._features_count_query(conn, **question))

    def _from(self, function_parameters: Any, params: Any) -> str:  # noqa: ANN401 - as tipg has it
        return f"FROM {self.source}"

    async def features(self, conn: Any, **question: Any) -> ItemList:  # noqa: ANN401 - as tipg asks
        """Answer a question, its boxes cut to where there are rows."""
        if (boxes := question.get("bbox_filter")) is not None:
            question["bbox_filter"] = cut(boxes, self.around)
            if not question["bbox_filter"]:
                return ItemList(items=[], matched=0, next=None, prev=None)
        return await super().features(conn, **question)

    def cql_where(self, *, bbox: Any = None, **question: Any) -> Expr | None:  # type: ignore[override]  # noqa: ANN401 - as tipg asks
        """Write a question as a condition, of several boxes any; tipg's own box is upright in metres, so larger."""
        where, shape = super().cql_where(**question), self.geometry_column
        if bbox is None or shape is None:
            return where
        asked = [
            {"op": "s_intersects", "args": [{"property": shape.name}, _bent(one, shape.srid or 4326)]} for one in bbox
        ]
        boxes = {"op": "or", "args": asked} if len(asked) > 1 else asked[0]
        return Expr({"op": "and", "args": [where.to_json(), boxes]} if where else boxes)

    def _geom_expr(self, *asked: Any) -> str | None:  # noqa: ANN401 - as tipg asks
        """Wind outer rings against the clock, as RFC 7946 asks."""
        shape = super()._geom_expr(*asked)
        return f"ST_ForcePolygonCCW({shape})" if shape else None

    def _features_query(self, conn: Any, **question: Any) -> AsyncIterator[Json]:  # noqa: ANN401 - as tipg asks
        """Choose the rows of a page first: tipg's query writes out every row it passes over."""
        where, limit, offset = (question.pop(name) for name in ("where", "limit", "offset"))
        chosen = [
            "SELECT *",
            self._from(None, []),
            self._where_clause(where),
            self._sortby(question["sortby"]),
            f"LIMIT {int(limit)} OFFSET {int(offset)}",
        ]
        page = self.model_copy(update={"source": f"({' '.join(chosen)}) AS source"})
        written = super(Layered, page)._features_query
        found: AsyncIterator[Json] = written(conn, where=None, limit=limit, offset=0, **question)
        return found


def _bent(box: Sequence[float], srid: int) -> Json:
    """Write a box of degrees as a shape in the CRS of `srid`, where its sides bend; it may be a line or a point."""
    west, south, east, north = box
    drawn = shapely.MultiPoint([(west, south), (east, south), (east, north), (west, north)]).convex_hull
    if side := max(east - west, north - south):
        drawn = shapely.segmentize(drawn, side / SIDES)
    to_metres = TransformerFromCRS(4326, srid, always_xy=True)
    turned = shapely.transform(drawn, to_metres.transform, interleaved=False)
    return {"op": "st_setsrid", "args": [shapely.geometry.mapping(turned), srid]}


def layered(one: Published, layer: Layer, srid: int, lang: str) -> Layered:
    """Return a layer as a collection of tipg's, its geometry in the CRS of `srid`."""
    columns = [Column(name=name, type=kind) for name, kind in one.columns.items()]
    geometry = Column(name="geom", type="geometry", geometry_type=one.shape, srid=srid) if one.shape else None
    return Layered(
        type="Table",
        id=one.name,
        table=one.name,
        schema=PUBLISHED,
        title=layer.title.say(lang),
        table_columns=[geometry] if geometry else [],
        properties=columns,
        id_column=next(column for column in columns if column.name == ID),
        geometry_column=geometry,
        source=one.source,
        around=one.extent,
    )
