from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from gis_sites.demo import Delivery, write_city
from gis_sites.demo.city import City, draw_city

SMALL = 2000


@cache
def city_of(parcels: int, seed: int = 1) -> City:
    return draw_city(parcels, seed)


@pytest.fixture(scope="session")
def drawn() -> Callable[..., City]:
    return city_of


@pytest.fixture(scope="session")
def city() -> City:
    return city_of(SMALL)


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Delivery]:
    made = write_city(tmp_path_factory.mktemp("city"), parcels=SMALL, seed=1, lang="en")
    return {one.path.stem[3:]: one for one in made}


@pytest.fixture(scope="session")
def folder(delivered: dict[str, Delivery]) -> Path:
    return next(iter(delivered.values())).path.parent
