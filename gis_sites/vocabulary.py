"""Sentences for words that are off by a little: the nearest right key, code or name."""

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return a hint that names the nearest allowed word, or lists a few when none is near; "" when there is none.

    >>> nearest("widht", ["color", "width"])
    '; did you mean “width”?'
    """
    words = sorted(set(allowed))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f"; did you mean “{close[0]}”?"
    if not words:
        return ""
    return "; it can be " + ", ".join(words[:12]) + (" ..." if len(words) > 12 else "")


def faults(error: ValidationError, model: type[BaseModel]) -> str:
    """Put what pydantic found into one sentence: where, what, and for an unknown key the nearest right one."""
    sentences = []
    for fault in error.errors():
        place = ".".join(str(step) for step in fault["loc"])
        if fault["type"] == "extra_forbidden":
            *parents, key = fault["loc"]
            owner = _owner(model, parents)
            keys = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
            sentences.append(f"{place}: unknown key “{key}”{nearest(str(key), keys)}")
        else:
            text = fault["msg"].removeprefix("Value error, ")
            sentences.append(f"{place}: {text}" if place else text)
    return "; ".join(sentences)


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
