"""The README's pictures: drawn from the console, the same each time, and from nobody else's server."""

import asyncio
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from core.store.database import Database
from tests.pictures.__main__ import FOLDER, PICTURES, Picture, draw
from tests.pictures.sample import filled


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_pictures_are_those_of_the_console_as_it_is(tmp_path: Path, picture: Picture) -> None:
    with Database.open(tmp_path) as database, filled(database):
        svg = asyncio.run(draw(database, picture))
    assert svg == (FOLDER / f"{picture.name}.svg").read_text(), "run `make pictures`"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_fetches_nothing(picture: Picture) -> None:
    svg = (FOLDER / f"{picture.name}.svg").read_text()
    ET.fromstring(svg)
    assert re.findall(r"url\((?!#)[^)]*\)|(?:href|src)=\S*http|@import|@font-face", svg) == []
