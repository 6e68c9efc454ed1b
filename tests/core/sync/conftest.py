from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.sync.world import World


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(**options: Any) -> World:
        folder = tmp_path / str(len(worlds))
        folder.mkdir()
        worlds.append(World(folder, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture(params=["keyed", "by position", "unnamed"])
def world(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A destination as Exchange, as IMAP with UIDPLUS, and as IMAP without."""
    return make_world(keyed=request.param == "keyed", names_items=request.param != "unnamed")
