"""The API over the demo city: asked within the process, and served to other programs."""

from collections.abc import Iterator

import pytest

from api.main import create_app
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from tests.api.support import Served, TestClient, serve


@pytest.fixture(scope="session")
def client(demo_city: Settings) -> Iterator[TestClient]:
    """The API over the demo city."""
    with TestClient(create_app(demo_city)) as opened:
        yield opened


@pytest.fixture(scope="session")
def city(demo_city: Settings) -> Iterator[Inventory]:
    """The same demo city, as its planners see it."""
    with open_inventory(demo_city) as inventory:
        yield inventory


@pytest.fixture(scope="session")
def served(demo_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo city, served by the command."""
    made = serve(demo_city, tmp_path_factory.mktemp("serve") / "log")
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(20)
