"""The web files and the lock they come by."""

import json
from pathlib import Path

import pytest

from gis_sites import assets
from gis_sites.assets import AssetsMissing, asset

ROOT = Path(__file__).parents[1]


def test_gives_the_files_we_serve_with_their_licences() -> None:
    for name in ("leaflet/leaflet.js", "leaflet/leaflet.css", "leaflet/LICENSE",
                 "maplibre-gl/maplibre-gl-csp.js", "maplibre-gl/maplibre-gl-csp-worker.js",
                 "maplibre-gl/maplibre-gl.css",
                 "maplibre-gl/LICENSE.txt", "inter/files/inter-latin-wght-normal.woff2",
                 "inter/files/inter-latin-ext-wght-normal.woff2", "inter/LICENSE"):  # fmt: skip
        assert asset(name).stat().st_size > 0


@pytest.mark.parametrize("name", ["leaflet/none.js", "../assets.py", "leaflet", "/etc/hostname"])
def test_says_what_to_do_when_a_file_is_missing(name: str) -> None:
    with pytest.raises(AssetsMissing) as caught:
        asset(name)
    for lang in ("pl", "en"):
        assert name in caught.value.sentence(lang)
        assert "scripts/setup" in caught.value.sentence(lang)


def test_says_so_when_nothing_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "folder", lambda: tmp_path / "assets")
    with pytest.raises(AssetsMissing, match="scripts/setup"):
        asset("leaflet/leaflet.js")


def test_lock_pins_every_package_by_hash_and_names_no_address() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name.removeprefix("node_modules/"): entry for name, entry in lock["packages"].items() if name}
    assert {name: packages[name]["version"] for name in wanted} == wanted
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())
    assert "://" not in (ROOT / "package-lock.json").read_text()
