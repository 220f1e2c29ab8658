"""Settings, read once from the environment (`GIS_SITES_*`) and passed on."""

import os
import re
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_home() -> Path:
    """Return where the private cluster and its caches live unless told otherwise.

    PostgreSQL refuses to run as root and its account cannot enter `/root`, so root's home is under `/var/lib`.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/gis-sites")
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "gis-sites"


class Settings(BaseSettings):
    """How this installation is set up; immutable."""

    model_config = SettingsConfigDict(env_prefix="GIS_SITES_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=default_home)
    database_url: str | None = None
    """A server of your own (`postgresql://...`); unset: the private cluster under `home`."""
    crs: str | None = None
    """Working CRS, written at first use; unset: EPSG:2177, the PL-2000 zone of Kalisz."""
    layers: Path | None = None
    """A folder of layer files instead of the one that comes with the tool."""
    symbols: Path | None = None
    """The city's own table of plan symbols; it goes before the national one."""
    lang: Literal["pl", "en"] = "pl"
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    keep_states: int = Field(default=10, ge=1)
    public_parcels: Literal["all", "public_owners", "offers"] | None = None
    """Which parcels the public face knows; unset: all of them, and it answers this machine only."""
    rate_per_minute: int | None = Field(default=None, ge=0)
    """Shortlists and files a client may ask for in a minute, ten times as many pages, a hundred times as many tiles;
    0: no limit. Unset: 60 where `public_parcels` is set, else no limit."""
    office: str | None = None
    """Who answers: shown on every public page, with the contacts below."""
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    public_url: str | None = None
    """The address people know the pages by, where a proxy changes it: links of `/ogc/` begin with it."""
    basemap_url: str | None = None
    """What the public map is drawn upon, unset: nothing. Tiles (`https://.../{z}/{x}/{y}.png`, a WMTS address with
    `{z}`, `{x}`, `{y}` for its matrix, column and row of EPSG:3857) or a MapLibre style (`https://.../style.json`).
    Readers' browsers then ask that host, and no other."""
    basemap_attribution: str = ""
    """Whose the basemap is; shown on the map, and required with it."""
    published_on: date | None = None
    """When the pages were published, when they were last changed in earnest, when the accessibility statement was made
    and last reviewed, how the office is entered and reached: the statement says so, or that it is still to be said."""
    updated_on: date | None = None
    statement_on: date | None = None
    reviewed_on: date | None = None
    building_access: str | None = None
    communication_access: str | None = None
    postgres_bin: Path | None = None
    """Where `initdb` and `postgres` are; unset: the newest of the system's PostgreSQL that has PostGIS."""

    @model_validator(mode="after")
    def _basemap_says_whose_it_is(self) -> "Settings":
        host = self.basemap_host
        if self.basemap_url and (not host or not self.basemap_attribution):
            raise ValueError(
                f"GIS_SITES_BASEMAP_URL = {self.basemap_url!r}: give an http or https address, "
                "and say in GIS_SITES_BASEMAP_ATTRIBUTION whose map it is"
            )
        return self

    @property
    def basemap_host(self) -> str | None:
        """The scheme and host that browsers ask for the basemap, as the content security policy names it."""
        found = re.match(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(?=/)", self.basemap_url or "")
        return found.group() if found else None
