"""How long work tells how far it is: a function called now and then, so that no room knows about terminals."""

from typing import Protocol


class Progress(Protocol):
    """Called with the name of a step, how much of it is done, and how much there is (None: nobody knows)."""

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        """Take note."""


def silent(step: str, done: int, total: int | None = None) -> None:
    """Tell nobody."""
