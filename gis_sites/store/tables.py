"""Tables made from the catalogue: which columns a layer's revision has, and of which types."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from gis_sites.catalogue import FieldSpec, Layer
from gis_sites.errors import CatalogueError

SCHEMA = "store"
"""The schema of revision and profile tables: never mapped, never migrated, never updated."""

FIXED: dict[str, pa.DataType] = {
    "row": pa.int32(),
    "key": pa.string(),
    "part": pa.string(),
    "load": pa.int64(),
    "source_row": pa.int64(),
}
"""The columns every revision has before its fields."""

GEOMETRIES = {"polygon": "MULTIPOLYGON", "line": "MULTILINESTRING", "point": "MULTIPOINT", "any": "GEOMETRY"}


@dataclass(frozen=True)
class ColumnType:
    """The type of a column in the database and in memory."""

    sql: TypeEngine[Any]
    arrow: pa.DataType

    @property
    def name(self) -> str:
        """The SQL name of the type, as the registry keeps it."""
        return str(self.sql.compile()).lower()


TEXT = ColumnType(sa.Text(), pa.string())
TYPES: dict[str, ColumnType] = {
    "text": TEXT,
    "code": TEXT,
    "codes": TEXT,
    "number": ColumnType(sa.Double(), pa.float64()),
    "flag": ColumnType(sa.Boolean(), pa.bool_()),
    "date": ColumnType(sa.Date(), pa.date32()),
}
BY_NAME = {one.name: one for one in TYPES.values()}


def field_columns(layer: Layer) -> dict[str, ColumnType]:
    """Return the columns the fields of a layer are stored in, in the order of the file.

    A field of several codes with a table of uses is stored as printed, and beside it the classes it surely
    allows (`<field>_yes`) and those only the wording can say (`<field>_text`), parted by blanks.

    Raises:
        CatalogueError: two columns, or a column and one of our own, have the same name.
    """
    found: dict[str, ColumnType] = {}
    for name, spec in layer.fields.items():
        for column, kind in _columns_of(name, spec):
            if column in FIXED or column == "geom" or column in found:
                raise CatalogueError("store.column_taken", layer=layer.name, column=column)
            found[column] = kind
    return found


def _columns_of(name: str, spec: FieldSpec) -> list[tuple[str, ColumnType]]:
    beside = [f"{name}_yes", f"{name}_text"] if spec.type == "codes" and spec.table else []
    return [(name, TYPES[spec.type]), *((column, TEXT) for column in beside)]


def revision_table(name: str, layer: Layer, srid: int) -> sa.Table:
    """Describe the table of a revision: `row, key, part, load, source_row`, the fields, `geom`."""
    columns: list[sa.Column[Any]] = [
        sa.Column("row", sa.Integer),
        sa.Column("key", sa.Text(collation="C")),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("load", sa.BigInteger, nullable=False),
        sa.Column("source_row", sa.BigInteger),
        *(sa.Column(column, kind.sql) for column, kind in field_columns(layer).items()),
    ]
    if layer.geometry != "table":
        from geoalchemy2 import Geometry

        columns.append(sa.Column("geom", Geometry(GEOMETRIES[layer.geometry], srid=srid, spatial_index=False)))
    return sa.Table(name, sa.MetaData(schema=SCHEMA), *columns)


def quoted(name: str) -> str:
    """Quote `name` or `schema.name` for SQL."""
    return ".".join('"' + piece.replace('"', '""') + '"' for piece in name.split(".", 1))
