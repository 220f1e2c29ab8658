"""A city full of secrets: a mark in every field and row that is not public, numbers of registers in every text."""

import datetime as dt
import io
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyogrio
import pypdf
import pyproj
import shapely

from gis_sites.catalogue import FieldSpec, Layer, own_layers
from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store import loads
from tests.intake.support import box, line, parcel_id, write
from tests.store.support import heirs

MARK = "TAJNE"
KW, PESEL = "KZ1A/00012345/6", "80010112345"
REGISTERS = f"KW {KW}, PESEL {PESEL}"
CLOSED = ("substation", "rail")
"""Layers that are made not public at all."""
CLOSED_FIELDS = {"junction": "name", "airport": "name"}
"""Fields that are made not public, beside those that are not anyway."""
SHOWN = [parcel_id(number) for number in ("1", "2/1", "2/2", "3")]
HIDDEN = [parcel_id(number, "0099") for number in ("7771", "7772")]
"""Parcels of persons, far to the east, where nothing else is."""
DEAD = {"901": [SHOWN[0]], "902": [SHOWN[1], HIDDEN[0]], "903": [HIDDEN[1]]}
"""Parcels that are no more, and what they have become."""
FAR_M = 20_000
NEVER_THERE = parcel_id("5551", "0088")
DAYS = {"from": dt.date(2020, 1, 1), "to": dt.date(2040, 1, 1)}

_LON, _LAT = pyproj.Transformer.from_crs(2177, 4326, always_xy=True).transform(6_505_000 + FAR_M + 20, 5_736_020)
PATTERNS = {
    "a mark": re.compile(MARK, re.IGNORECASE),
    "a hidden parcel": re.compile(r"0099\.777|0099%2E777"),
    "a land register": re.compile(r"[A-Z]{2}[0-9A-Z]{2}\s?/\s?\d{8}\s?/\s?\d|00012345"),
    "a PESEL": re.compile(PESEL),
    "a longitude": re.compile(re.escape(f"{_LON:.2f}") + r"\d{2,}"),
    "an easting": re.compile(r"\b65250\d\d\.?"),
    "an owner": re.compile(r"owner_class|register_unit|osoby fizyczne|natural persons"),
}


def secrets(text: str) -> set[str]:
    """Return what of it nobody may read."""
    return {name for name, pattern in PATTERNS.items() if pattern.search(text)}


def texts(content: bytes) -> Iterator[str]:
    """Yield all that is written in a file, whatever it is packed in."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield name
                yield from texts(packed.read(name))
        return
    if content[:5] == b"%PDF-":
        yield from (one.extract_text() for one in pypdf.PdfReader(io.BytesIO(content)).pages)
    yield content.decode("utf-8", "replace")
    yield content.decode("latin-1")
    if content[:6] == b"SQLite":
        yield from _rows(content)


def _rows(content: bytes) -> Iterator[str]:
    with sqlite3.connect(":memory:") as db:
        db.deserialize(content)
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in db.execute(f'SELECT * FROM "{name}"').fetchall():
                yield " ".join(map(_cell, row))
    db.close()


def _cell(value: Any) -> str:
    """Write a value of a GeoPackage; of geometries the vertices."""
    if isinstance(value, bytes) and value[:2] == b"GP":
        head = 8 + {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}[value[3] >> 1 & 7]
        return str(shapely.from_wkb(value[head:]))
    return str(value)


def plant(folder: Path, address: str) -> Settings:
    """Make the city."""
    settings = Settings(home=folder / "home", database_url=address, layers=_layers(folder / "layers"), workers=1)
    with open_inventory(settings) as inventory:
        file = folder / "city.gpkg"
        columns: dict[str, str] = {}
        # Nobody needs this file after a power cut: it need not wait for the disk after each table.
        pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})
        for layer in inventory.catalogue:
            filled = _table(file, layer, list(_rows_of(layer)))
            columns |= {f"{layer.name}.{name}": f"{layer.name}.{name}" for name in filled}
        pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": None})
        names = [layer.name for layer in inventory.catalogue]
        note = Note(
            layer={name: [name] for name in names},
            column=columns,
            coverage="parcels",
            publisher=f"Urząd, {REGISTERS}",
            dated=dt.date(2026, 1, 1),
        )
        report = inventory.import_file(file, note)
        assert {one.layer for one in report.loads} == set(names)
        assert {one.layer: one.rows.rejected for one in report.loads if one.rows.rejected} == {}
        _bury(inventory)
    return settings


def _layers(folder: Path) -> Path:
    shutil.copytree(own_layers(), folder)
    for name in CLOSED:
        _change(folder / f"{name}.toml", r'^public = "\w+"', 'public = "none"')
    for name, field in CLOSED_FIELDS.items():
        _change(folder / f"{name}.toml", rf'^({field}\s*=\s*{{ type = "text")', r"\1, public = false")
    return folder


def _change(file: Path, pattern: str, by: str) -> None:
    text, times = re.subn(pattern, by, file.read_text("utf-8"), count=1, flags=re.MULTILINE)
    assert times == 1, file.name
    file.write_text(text, "utf-8")


def _bury(inventory: Inventory) -> None:
    with inventory.store.begin() as conn:
        source = loads.source(conn, sha256="7" * 64, name="old.gpkg", size=1)
        load = loads.new_load(conn, source=source, fingerprint="old", publisher=None, dated=None)
        heirs(conn, load, [(parcel_id(number), new, "split") for number, several in DEAD.items() for new in several])


def _rows_of(layer: Layer) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield the rows of a layer: what is in its fields, and where it lies."""
    if layer.name == "parcel":
        for at, identifier in enumerate(SHOWN + HIDDEN):
            hidden = identifier in HIDDEN
            own = {"id": identifier, "precinct": identifier[9:13], "owner_class": "7" if hidden else "4"}
            number = f"{MARK} numer" if hidden else REGISTERS
            given = {"number": number, "soil_items": f"R/IIIa 0.0100; {MARK} {REGISTERS}"}
            shape = box(FAR_M + 60 * (at - len(SHOWN)), 0, 40, 40) if hidden else box(60 * at, 0, 40, 40)
            yield {**_fields(layer, at), **own, **given}, shape
    elif layer.name == "offer":
        named = {"T/1": (SHOWN[:2], "available"), f"{MARK}/2": ([SHOWN[0], HIDDEN[0]], "withdrawn")}
        for at, (identifier, (parcels, status)) in enumerate(named.items()):
            own = {"id": identifier, "parcels": "; ".join(parcels), "status": status}
            yield {**_fields(layer, at), **own}, box(FAR_M * at, 0, 100, 40)
    else:
        own = {"parcels": HIDDEN[0]} if layer.parcels else {}
        yield {**_fields(layer, 0), **own}, _shape(layer)


def _shape(layer: Layer) -> Any:
    if layer.name == "boundary":
        return box(-500, -500, 2000, 1000)
    if layer.geometry == "line" or layer.public == "values":
        return line((-10, 45), (400, 45))
    return box(-5, -5, 150, 60)


def _fields(layer: Layer, at: int) -> dict[str, Any]:
    return {name: _value(layer, name, spec, at) for name, spec in layer.fields.items()}


def _value(layer: Layer, name: str, spec: FieldSpec, at: int) -> Any:
    """Say something in a field: a mark where the public must not look, else what belongs there."""
    if spec.type == "text":
        return _text(layer, name, spec, at)
    if spec.type == "date":
        valid = layer.rows.valid
        return {valid.start: DAYS["from"], valid.end: DAYS["to"]}.get(name) if valid else None
    number = None if spec.state == "scale" else 1.5
    return {"number": number, "flag": True, "codes": "1P", "code": next(iter(spec.codes), "")}[spec.type]


def _text(layer: Layer, name: str, spec: FieldSpec, at: int) -> str:
    if not spec.public or layer.public == "none":
        return f"{MARK} {layer.name} {name} {at} {REGISTERS}"
    return f"{layer.name}-{at}" if name in layer.key_fields else f"{layer.name} {name}, {REGISTERS}"


def _table(file: Path, layer: Layer, rows: list[tuple[dict[str, Any], Any]]) -> Iterable[str]:
    columns = {name: [values[name] for values, _ in rows] for name in layer.fields}
    filled = {name: cells for name, cells in columns.items() if any(one is not None for one in cells)}
    write(file, layer.name, filled, None if layer.geometry == "table" else [shape for _, shape in rows])
    return filled


def requirement(layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return a requirement that wants as many attributes as one may want, so that all of them are told."""
    names = [(one["attribute"], one["kind"]) for layer in layers["layers"] for one in layer["attributes"]]
    numbers = [name for name, kind in names if kind == "number"]
    return {
        "format": 1,
        "title": "Zakład",
        "scope": ["parcels", "offers"],
        "want": {name: {"at": [0, 1], "worth": [0, 1]} for name in numbers[:63]},
    }


def as_form(table: Mapping[str, Any]) -> dict[str, str]:
    """Return a requirement as a browser sends it."""
    return {"requirement": json.dumps(table), "top": "100"}
