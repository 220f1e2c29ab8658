"""The mapping note: every option of an import in one TOML file, saved by publisher."""

import datetime as dt
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gis_sites.errors import WrongUse
from gis_sites.findings import mask
from gis_sites.vocabulary import faults

Value = bool | int | float | dt.date | str
SKIP = "skip"
COVERAGES = ("boundary", "parcels", "own", "none")


class Note(BaseModel):
    """How the tables of a source become parts of layers; immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: dict[str, str | list[str]] = Field(default_factory=dict)
    """Table to its layer or layers, or to `skip`."""
    rest: Literal["skip"] | None = None
    """What happens to tables no layer is known for; unset: the import is refused."""
    column: dict[str, str] = Field(default_factory=dict)
    """`TABLE.COLUMN` to `LAYER.FIELD`, or to `skip`: no field, whatever its name."""
    set: dict[str, Value] = Field(default_factory=dict)
    """`LAYER.FIELD`, or `TABLE:LAYER.FIELD`, to one value for the whole load."""
    part: str | dict[str, str] | None = None
    """The part that is replaced, for all tables or by table."""
    coverage: str | dict[str, str] | None = None
    """`boundary`, `parcels`, `own`, `none` or a file, for all layers or by layer."""
    crs: str | dict[str, str] | None = None
    """The coordinate system, for all tables or by table; `swapped` and `sure` may follow its name."""
    encoding: str | None = None
    dated: dt.date | None = None
    publisher: str | None = None
    symbols: dict[str, dict[str, Literal["yes", "no", "text"]]] = Field(default_factory=dict)
    """The city's own plan symbols: class to answer; `otherwise` answers for the classes not named (else `text`)."""
    allow_shrink: bool = False

    @field_validator("publisher", "part")
    @classmethod
    def _masked(cls, value: str | dict[str, str] | None) -> str | dict[str, str] | None:
        """Blot out numbers of registers: these words stand on public pages."""
        if isinstance(value, dict):
            return {table: mask(part) for table, part in value.items()}
        return mask(value) if value else value

    @property
    def maps(self) -> bool:
        """Whether it says anything about tables and columns."""
        return bool(self.layer or self.rest or self.column or self.set or self.part or self.coverage or self.symbols)

    def layers_of(self, table: str) -> tuple[str, ...] | None:
        """Return the layers stated for a table, () for none, None when nothing is stated."""
        stated = self.layer.get(table)
        if stated is None:
            return None
        names = tuple(stated.split(",")) if isinstance(stated, str) else tuple(stated)
        return () if names == (SKIP,) else tuple(name.strip() for name in names)

    def part_of(self, table: str) -> str | None:
        """Return the part stated for a table."""
        return self.part.get(table, self.part.get("")) if isinstance(self.part, dict) else self.part

    def crs_of(self, table: str) -> str | None:
        """Return the coordinate system stated for a table."""
        return self.crs.get(table, self.crs.get("")) if isinstance(self.crs, dict) else self.crs

    def coverage_of(self, layer: str) -> str | None:
        """Return the coverage stated for a layer."""
        return self.coverage.get(layer, self.coverage.get("")) if isinstance(self.coverage, dict) else self.coverage

    def set_of(self, table: str, layer: str) -> dict[str, Value]:
        """Return the values stated for the fields of one load, by field; those for its table go first."""
        found: dict[str, Value] = {}
        for prefix in (f"{layer}.", f"{table}:{layer}."):
            found |= {key.removeprefix(prefix): value for key, value in self.set.items() if key.startswith(prefix)}
        return found

    def over(self, other: "Note") -> "Note":
        """Return the other note with what this one says put over it."""
        said = self.model_dump(exclude_defaults=True)
        base = other.model_dump()
        for key, value in said.items():
            both = isinstance(value, dict) and isinstance(base[key], dict)
            base[key] = {**base[key], **value} if both else value
        return Note.model_validate(base)


def read_note(path: Path) -> Note:
    """Read a note; a coverage file is looked for beside it.

    Raises:
        WrongUse: it cannot be read or is no note; the sentence names the key and the nearest right one.
    """
    try:
        note = Note.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise WrongUse("import.note_bad", file=path, fault=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUse("import.note_bad", file=path, fault=error) from error
    except ValidationError as error:
        raise WrongUse("import.note_bad", file=path, fault=faults(error, Note)) from error
    return note.model_copy(update={"coverage": _beside(note.coverage, path.parent)})


def _beside(coverage: str | dict[str, str] | None, folder: Path) -> str | dict[str, str] | None:
    if isinstance(coverage, dict):
        return {layer: str(_beside(value, folder)) for layer, value in coverage.items()}
    return coverage if coverage is None or coverage in COVERAGES else str(folder / coverage)


def note_of(
    *,
    layer: Sequence[str] = (),
    column: Sequence[str] = (),
    set: Sequence[str] = (),
    part: Sequence[str] = (),
    coverage: Sequence[str] = (),
    crs: Sequence[str] | str = (),
    **options: Any,  # noqa: ANN401 - the plain options, checked by the model
) -> Note:
    """Make a note from the words of a command line.

    Raises:
        WrongUse: an option is not of its form, or not known.
    """
    said: dict[str, Any] = {name: value for name, value in options.items() if value not in (None, False)}
    said |= {"layer": _pairs("layer", layer), "column": _pairs("column", column), "set": _pairs("set", set)}
    said |= {"coverage": _maybe_pairs(coverage), "part": _maybe_pairs(part)}
    said |= {"crs": _maybe_pairs([crs] if isinstance(crs, str) else crs)}
    try:
        return Note.model_validate({key: value for key, value in said.items() if value})
    except ValidationError as error:
        raise WrongUse("import.option_bad", fault=faults(error, Note)) from error


def _pairs(option: str, words: Sequence[str]) -> dict[str, str]:
    found = {}
    for word in words:
        left, equals, right = word.rpartition("=") if option in {"layer", "column"} else word.partition("=")
        if not (left and equals and right):
            raise WrongUse("import.option_form", option=f"--{option}", value=word)
        found[left] = right
    return found


def _maybe_pairs(words: Sequence[str]) -> str | dict[str, str] | None:
    """Read `VALUE` or several `NAME=VALUE`; a bare value beside named ones is for all others."""
    if len(words) == 1 and not _is_pair(words[0]):
        return words[0]
    return {(word.partition("=")[0] if _is_pair(word) else ""): word.rpartition("=")[2] for word in words} or None


def _is_pair(word: str) -> bool:
    return "=" in word and not word.startswith("+")  # a system in PROJ's own words is no pair
