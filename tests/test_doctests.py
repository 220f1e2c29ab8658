"""Every example in a docstring runs and says what it shows."""

import doctest
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import api
import gis_sites
from gis_sites.settings import Settings

MODULES = sorted(
    found.name
    for package in (gis_sites, api)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if ".migrations." not in found.name
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    assert sum(len(one.examples) for name in MODULES for one in finder.find(import_module(name))) >= 10


def test_the_public_names_do_what_the_package_says(demo_city: Settings, tmp_path: Path) -> None:
    result = doctest.testmod(gis_sites, extraglobs={"settings": demo_city, "folder": tmp_path})
    assert result.failed == 0
    assert result.attempted >= 5


@pytest.mark.parametrize("name", gis_sites.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gis_sites, name).__doc__
