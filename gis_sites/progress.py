"""How long work tells how far it is: a function called now and then, so that no room knows about terminals."""

from typing import Any, Protocol


class Progress(Protocol):
    """Called with the name of a step, how much of it is done, and how much there is (None: nobody knows).

    `where` tells more, by the names that the sentence of the step (`progress.<step>`) has for it.
    """

    def __call__(self, step: str, done: int, total: int | None = None, **where: Any) -> None:  # noqa: ANN401
        """Take note."""


def silent(step: str, done: int, total: int | None = None, **where: Any) -> None:  # noqa: ANN401
    """Tell nobody."""
