"""A store with the sample in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store.database import Database
from tests.pictures.sample import filled


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    with Database.open(folder) as database:
        yield database


@pytest.fixture
def store(empty: Database) -> Iterator[Database]:
    with filled(empty):
        yield empty
