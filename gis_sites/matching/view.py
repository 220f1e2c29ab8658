"""What matching reads: the profile of one state, column by column. `store.Snapshot` is one; tests bring their own."""

from collections.abc import Mapping
from typing import Any, Protocol

from gis_sites.columns import Column

KINDS = {
    "parcels": "parcel", "offers": "offer", "assemblies": "assembly", "parcel": "parcel", "offer": "offer",
}  # fmt: skip
"""What one row of a view is called in a shortlist."""


class View(Protocol):
    """The attributes of every parcel or of every offer of one state; immutable."""

    @property
    def kind(self) -> str:
        """`parcels` or `offers`."""

    @property
    def inventory(self) -> Mapping[str, Any]:
        """`{"state", "as_of", "revisions"}`."""

    def __len__(self) -> int: ...

    def id(self, row: int, /) -> str:
        """Return the identifier of a row."""

    def row(self, id: str, /) -> int | None:
        """Return the row of an identifier, None when there is none."""

    def column(self, name: str, /) -> Column:
        """Return an attribute of every row."""

    def source(self, name: str, /) -> Mapping[str, Any]:
        """Return what an attribute is known from."""


def parcels_of(view: View, row: int) -> list[str]:
    """Return the parcels a row stands for: itself, or those the view says, as of an offer that names several."""
    named = getattr(view, "parcels", None)
    if named is not None:
        return list(named(row))
    return [view.id(row)] if KINDS[view.kind] == "parcel" else []


def in_id_order(view: View) -> bool:
    """Tell whether the view promises that its rows are sorted by identifier, code point by code point."""
    return bool(getattr(view, "in_id_order", False))
