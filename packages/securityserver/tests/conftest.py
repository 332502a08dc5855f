import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(scope="module")
def world(cluster: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One consumer's and one provider's security server, running for all tests of a file."""
    from small_world import World

    with World(cluster, tmp_path_factory.mktemp("world")) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    """Every test sees its own events and questions only."""
    if "world" in request.fixturenames:
        request.getfixturevalue("world").forget()
