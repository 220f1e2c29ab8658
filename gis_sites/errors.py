"""Everything that can go wrong for a person, each with a sentence in every language.

An error is a key into `locales/` and the values the sentence shows: raise `Refused("import.crs_missing", table="x")`.
The command line turns the class into an exit code, the HTTP face into a status; both show `sentence(lang)`.
"""

from typing import Any

from gis_sites.words import say


class GisSitesError(Exception):
    """Something a person can mend; its sentence says how."""

    exit_code = 1

    def __init__(self, key: str, /, **values: Any) -> None:  # noqa: ANN401 - whatever the sentence shows
        super().__init__(key, values)
        self.key = key
        self.values = values

    @property
    def more(self) -> dict[str, Any]:
        """What else a program would want to know, such as the successors of a parcel."""
        return {}

    def sentence(self, lang: str) -> str:
        """Return what went wrong and what to do, in one language."""
        return say(self.key, lang, **self.values)

    def __str__(self) -> str:
        return self.sentence("en")

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers send errors home by pickle, which would otherwise call __init__ with the wrong arguments.
        return _again, (type(self), self.key, self.values)


def _again(kind: type[GisSitesError], key: str, values: dict[str, Any]) -> GisSitesError:
    return kind(key, **values)


class WrongUse(GisSitesError):
    """The words of a command, an option or a setting are off."""

    exit_code = 2


class CatalogueError(GisSitesError):
    """A layer file cannot be read as one."""

    exit_code = 2


class RequirementError(GisSitesError):
    """A requirement cannot be understood."""


class NoRequirement(RequirementError):
    """The file of a requirement cannot be opened."""

    exit_code = 2


class Refused(GisSitesError):
    """A source is not taken in; the inventory is as before."""


class NotFound(GisSitesError):
    """Nothing of that name is in the inventory."""


class Gone(NotFound):
    """A parcel that was divided, merged or renumbered; `successors` are its heirs."""

    @property
    def more(self) -> dict[str, Any]:
        """Name the successors."""
        return {"successors": list(self.values["successors"])}


class DatabaseError(GisSitesError):
    """The database cannot be had as asked."""
