"""An inventory of investment land: which parcels fit this investor, why, how sure are we.

The public names are those below; everything else may change without notice.

>>> from gis_sites import open_inventory, read_requirement
>>> with open_inventory(settings) as inventory:
...     parcels = inventory.frame()
...     shortlist = inventory.match({"format": 1, "must": {"parcel.area_m2": {"min": 30000}}}, top=3)
...     page = inventory.map(shortlist, folder / "map.html", lang="en")
>>> parcels.crs.to_epsg(), "water.distance_m" in parcels.columns
(2177, True)
>>> [candidate["tier"] for candidate in shortlist["candidates"]]
['eligible', 'eligible', 'eligible']
>>> page.name
'map.html'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gis_sites.catalogue import Catalogue, load_catalogue
    from gis_sites.demo import write_city
    from gis_sites.errors import GisSitesError
    from gis_sites.intake.note import Note, read_note
    from gis_sites.inventory import Inventory, open_inventory
    from gis_sites.matching.reading import read_requirement
    from gis_sites.matching.requirement import Requirement
    from gis_sites.settings import Settings

_WHERE = {
    "Catalogue": "gis_sites.catalogue",
    "GisSitesError": "gis_sites.errors",
    "Inventory": "gis_sites.inventory",
    "Note": "gis_sites.intake.note",
    "Requirement": "gis_sites.matching.requirement",
    "Settings": "gis_sites.settings",
    "load_catalogue": "gis_sites.catalogue",
    "open_inventory": "gis_sites.inventory",
    "read_note": "gis_sites.intake.note",
    "read_requirement": "gis_sites.matching.reading",
    "write_city": "gis_sites.demo",
}

__all__ = [
    "Catalogue",
    "GisSitesError",
    "Inventory",
    "Note",
    "Requirement",
    "Settings",
    "load_catalogue",
    "open_inventory",
    "read_note",
    "read_requirement",
    "write_city",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    # Imported when asked for: a command that lists layers need not load what draws maps.
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
