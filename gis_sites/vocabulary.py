"""Sentences for words that are off by a little: the nearest right key, code or name."""

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from gis_sites.words import Said

UNKNOWN = "unknown"
"""Where rows are chosen by codes: those whose cell is empty."""
SHOWN = 60
"""How much of a wrong value a sentence shows."""
MOST = 300
"""Letters of the words that a sentence lists: room for all layers."""


class Unfit(ValueError):
    """Raised by a model's validator with what is wrong, ready to be said in any language."""

    def __init__(self, *found: Said) -> None:
        super().__init__(*found)
        self.found = found

    def __str__(self) -> str:
        return "; ".join(map(str, self.found))


def nearest(word: str, allowed: Iterable[str]) -> Said | str:
    """Return a hint that names the nearest allowed word, or lists a few when none is near; "" when there is none.

    >>> str(nearest("widht", ["color", "width"]))
    '; did you mean “width”?'
    """
    words = sorted(set(allowed))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return Said("catalogue.did_you_mean", {"near": close[0]})
    if not words:
        return ""
    whole = ", ".join(words)
    return Said(
        "catalogue.can_be", {"some": whole if len(whole) <= MOST else whole[:MOST].rpartition(", ")[0] + " ..."}
    )


def faults(error: ValidationError, model: type[BaseModel]) -> tuple[Said, ...]:
    """Put what pydantic found into sentences: where, what, and for an unknown key the nearest right one."""
    found: list[Said] = []
    for fault in error.errors():
        place = ".".join(str(step) for step in fault["loc"])
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, Unfit):
            found += cause.found
        elif fault["type"] == "extra_forbidden":
            *parents, key = fault["loc"]
            hint = nearest(str(key), _keys(_owner(model, parents)))
            found.append(Said("catalogue.unknown_key", {"place": place, "name": key, "hint": hint}))
        elif fault["type"] == "missing":
            found.append(Said("catalogue.missing_key", {"place": place}))
        else:
            values = {"place": place, "value": str(fault["input"])[:SHOWN], "fault": fault["msg"]}
            found.append(Said("catalogue.unfit_value", values))
    return tuple(found)


def _keys(owner: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in owner.model_fields.items()] if owner else []


def _owner(model: type[BaseModel], path: Iterable[Any]) -> type[BaseModel] | None:
    """Follow a fault's path through nested models to the one that refused the key."""
    owner: type[BaseModel] | None = model
    for step in path:
        if owner is None:
            return None
        by_key = {field.alias or name: field for name, field in owner.model_fields.items()}
        if step in by_key:
            models = _models(by_key[step].annotation)
            owner = models[0] if models else None
        # Any other step is the name of an entry or an index: the model stays that of the entries.
    return owner


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - annotations have no common type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
