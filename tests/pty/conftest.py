"""A store with the sample in it, for programs in terminals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store.database import Database
from tests.pictures.sample import filled


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("pty")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    with Database.open(folder) as database, filled(database):
        yield folder
