"""What can be measured, in this order: where it is done, what beside what, and what is checked before it counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of the benchmarks; its module has `run(ground, runs)`, which yields rows."""

    module: str
    ours: str
    beside: str = ""
    checked: str = ""
    sized: bool = True
    """Whether it depends on the size of the city; what does not is measured once."""


PARTS = {
    "import": Part(
        "imports",
        "the parcels' table: recognised, mapped, repaired, decided, loaded, compared, indexed",
        "`ogr2ogr` (COPY, spatial index); `geopandas.read_file` and `to_postgis`; the same columns of the same file",
        "the same identifiers and areas (1e-6), all rows read",
    ),
    "reimport": Part(
        "reimports",
        "the same table over the delivery before, one area in a hundred another",
        "`ogr2ogr -makevalid`, unique key index, GiST, ANALYZE, validity count, SQL comparison; bare `ogr2ogr`",
        "the same rows, added and changed as the script finds",
    ),
    "profile": Part(
        "profiles",
        "four nearest distances and three shares, from the database into columns; also in one process",
        "geopandas (`sjoin_nearest`, `overlay` of the dissolved); PostGIS (KNN, `ST_Intersection` of the united)",
        "all values equal to 1e-6",
    ),
    "growth": Part("growth", "the same columns, ours alone: how time and memory grow with the parcels"),
    "scale": Part(
        "scale",
        "every attribute of every parcel, from nothing; then with one parcel, then one water main in a hundred moved",
    ),
    "snapshot": Part(
        "snapshots",
        "the columnar file of a state: making and mapping it, servers that share it, a publication while they answer",
        checked="both the former state and the new one answer, and no answer fails",
    ),
    "score": Part(
        "scores",
        "the first fifty with reasons: of twelve wants; of six musts that leave a quarter and six wants",
        "scikit-criteria (weighted sum, TOPSIS) and pymcdm, handed a matrix in memory; one SQL statement over the "
        "stored profile, parallel workers on",
        "the same fifty, the same floors and ceilings (1e-9) as SQL and the weighted sums; that SQL's plan has workers",
    ),
    "shortlist": Part(
        "shortlists",
        "fifty with every reason over HTTP, the demo's investors by turns: one client and one process, then eight "
        "clients and a process for each processor",
        checked="every candidate has its reasons; no error",
    ),
    "footprint": Part("footprints", "whether a hall stands on every parcel, the first time and asked again"),
    "assemblies": Part("assemblies", "sets of up to four neighbours grown, judged, measured, ranked with every parcel"),
    "tiles": Part(
        "tiles",
        "vector tiles of parcels over HTTP, asked for the first time (cold) and once more (warm); one parcel",
        "tipg, the same table and places, its usual settings",
        "the same features in a tile of zoom 16; at lower zooms pictures of all parcels, where tipg stops at 10,000",
    ),
    "map": Part(
        "first_map",
        "the first page, warm server, Chromium with an empty cache, until all that the map asked for is drawn",
        "a folium page that holds 20,000 parcels as GeoJSON: with many more no browser opens it",
    ),
    "mutations": Part(
        "mutations",
        "a thousand damaged files of every format, tried one after the other",
        checked="each is refused in a sentence or lawful, none crashes or shows a trace",
        sized=False,
    ),
}
