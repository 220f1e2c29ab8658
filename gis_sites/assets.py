"""The web files we serve and inline, laid under `gis_sites/assets` by `scripts/assets`."""

from pathlib import Path

from gis_sites.errors import GisSitesError


class AssetsMissing(GisSitesError):
    """The web files are not laid out on this machine."""


def folder() -> Path:
    """Return where the web files are."""
    return Path(__file__).with_suffix("")


def asset(name: str) -> Path:
    """Return the path of a web file, such as `leaflet/leaflet.js`.

    Raises:
        AssetsMissing: there is no such file; the sentence says how to get it.
    """
    root = folder().resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise AssetsMissing("map.assets_missing", name=name)
    return path
