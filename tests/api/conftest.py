"""The API over the demo city: asked within the process, and served to other programs."""

from collections.abc import Iterator

import pytest

from api.face import Face
from api.main import create_app
from gis_sites.settings import Settings
from gis_sites.store.snapshot import Snapshot
from tests.api.support import PAGE, Served, TestClient, serve


@pytest.fixture(scope="session")
def client(demo_city: Settings) -> Iterator[TestClient]:
    """The API over the demo city."""
    with TestClient(create_app(demo_city)) as opened:
        yield opened


@pytest.fixture(scope="session")
def pages(demo_city: Settings) -> Iterator[TestClient]:
    """The pages of the demo city."""
    with TestClient(create_app(demo_city), headers=PAGE) as opened:
        yield opened


@pytest.fixture(scope="module")
def parcels(pages: TestClient) -> Snapshot:
    """The parcels that the pages show."""
    face: Face = pages.app.state.face  # type: ignore[attr-defined]
    return face.views(face.now())[0]


@pytest.fixture(scope="session")
def served(demo_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo city, served by the command."""
    made = serve(demo_city, tmp_path_factory.mktemp("serve") / "log")
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(20)
