import pyarrow as pa
import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import CatalogueError
from gis_sites.store.tables import field_columns, revision_table
from tests.store.support import PARCEL, layer


def test_a_field_has_the_column_of_its_type() -> None:
    columns = field_columns(layer(PARCEL))
    assert {name: (one.name, one.arrow) for name, one in columns.items()} == {
        "id": ("text", pa.string()),
        "area": ("double", pa.float64()),
        "built": ("boolean", pa.bool_()),
        "measured": ("date", pa.date32()),
        "use": ("text", pa.string()),
        "use_yes": ("text", pa.string()),
        "use_text": ("text", pa.string()),
        "owner_class": ("text", pa.string()),
        "land_register": ("text", pa.string()),
    }


@pytest.mark.parametrize("name", ["row", "key", "part", "load", "source_row", "geom", "use_yes"])
def test_a_field_may_not_take_one_of_our_columns(name: str) -> None:
    taken = layer(PARCEL, fields={**PARCEL["fields"], name: {"type": "text"}})
    with pytest.raises(CatalogueError, match=f"“{name}”"):
        field_columns(taken)


@pytest.mark.parametrize(
    ("geometry", "wanted"),
    [("polygon", "MULTIPOLYGON"), ("line", "MULTILINESTRING"), ("point", "MULTIPOINT"), ("any", "GEOMETRY")],
)
def test_the_geometry_column_holds_type_and_srid(geometry: str, wanted: str) -> None:
    kind = revision_table("x_r1", layer(PARCEL, geometry=geometry), 2177).c.geom.type
    assert (kind.geometry_type, kind.srid) == (wanted, 2177)


def test_every_layer_that_comes_with_the_tool_can_be_stored(catalogue: Catalogue) -> None:
    assert len(catalogue.layers) > 20
    for one in catalogue:
        assert list(field_columns(one))[: len(one.fields)]
        assert revision_table(f"{one.name}_r1", one, 2177).name == f"{one.name}_r1"
