"""The accessibility statement in the form Polish law asks for; what only the office can say comes from its settings.

The order of the parts and the identifiers `a11y-*` by which programs find them are those of the technical conditions
under art. 12 point 7 of the act of 4 April 2019 on digital accessibility, version 2.0 of 31 July 2024.
"""

from datetime import date
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from api.texts import Speech, outside, page
from gis_sites.settings import Settings
from gis_sites.words import say

CLOSED = {"wanting_title": ("files", "people"), "excluded_title": ("map", "law")}
"""What is known to be wanting or was not looked at yet, and what the act does not ask for."""
DAYS = ("published", "updated", "statement", "reviewed")
"""The settings `<name>_on` that are days of the statement."""
router = APIRouter(include_in_schema=False)


@router.get("/accessibility")
def accessibility(request: Request) -> HTMLResponse:
    """Show the statement."""
    speech = Speech.of(request)
    settings: Settings = request.app.state.settings

    def told(name: str) -> str:
        return say(f"accessibility.{name}", speech.lang)

    days = {name: _day(getattr(settings, f"{name}_on"), speech) for name in DAYS}
    context = {
        "a": told,
        "days": days,
        "url": f"{outside(request)}/",
        "closed": [(title, [told(f"open_{name}") for name in names]) for title, names in CLOSED.items()],
        "building": settings.building_access,
        "communication": settings.communication_access,
    }
    return page(request, "accessibility.html", context)


def _day(day: date | None, speech: Speech) -> dict[str, Any] | None:
    return None if day is None else {"iso": day.isoformat(), "text": speech.day(day)}


def add_accessibility(app: FastAPI) -> None:
    """Add the statement to the application."""
    app.include_router(router)
