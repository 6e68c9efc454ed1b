"""Comments are found, and what only looks like one is not."""

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from core.batch.comments import has_comments


@pytest.mark.parametrize(
    "text",
    ["# all\n", "a = 1 # one\n", 'a = "x" # "y"\n', "a = '\\' # b\n", 'a = """\n# no\n""" # yes\n', "a = '''#''' #"],
)
def test_comments(text: str) -> None:
    assert has_comments(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a = 1\n",
        'a = "file:x#KEY"\n',
        r'a = "\"#"',
        "a = '#'",
        'a = """\n# "" no\n"""',
        "a = '''\n#\n'''",
        r'a = """\"""#"""',
    ],
)
def test_no_comments(text: str) -> None:
    assert not has_comments(text)


@given(st.dictionaries(st.text("ab#\"' ", min_size=1), st.text("ab#\"'\\\n ")))
def test_what_is_written_without_comments_has_none(table: dict[str, str]) -> None:
    written = tomli_w.dumps(table)
    assert not has_comments(written)
    assert has_comments(f"{written}\n# here")
