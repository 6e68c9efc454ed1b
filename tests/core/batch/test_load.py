"""Reading a batch file: defaults, broken files, and whatever else may stand in one."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from core.batch.definition import KEYS
from core.batch.load import load, parse
from core.errors import BatchFileError
from tests.batch_text import EXCHANGE, FILE, GOOD, IMAP, problems


def test_the_smallest_file_has_the_contracts_defaults() -> None:
    batch = parse(GOOD, FILE)
    assert batch.source.model_dump() == {
        "kind": "imap",
        "host": "imap.old.example",
        "port": 993,
        "security": "tls",
        "ca_file": None,
        "verify_certificate": True,
        "identity": "imap.old.example",
        "auth": "password",
        "max_connections": 20,
        "admin": None,
    }
    assert batch.destination.model_dump() == {
        "kind": "ews",
        "url": "https://mail.new.example/EWS/Exchange.asmx",
        "access": "impersonation",
        "auth": "basic",
        "username": "svc",
        "password": "env:SVC",
        "identity": "mail.new.example",
        "ca_file": None,
        "verify_certificate": True,
        "max_connections": 12,
    }
    assert batch.options.model_dump() == {
        "max_message_size": 35 * 1024 * 1024,
        "max_items_per_mailbox": 500_000,
        "include_folders": (),
        "exclude_folders": (),
        "received_since": None,
        "received_before": None,
        "skip_deleted": True,
        "repair": True,
        "drafts": "every",
        "read_receipts": "off",
        "rejected_limit": 50,
        "mailboxes_at_once": 10,
        "bandwidth": None,
        "active_hours": None,
        "sync_every": 86_400.0,
        "give_up_after": 86_400.0,
        "settle": None,
        "folder_map": {},
    }


def test_a_good_file_loads_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "wave.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    batch = load(path)
    assert (batch.name, batch.file) == ("wave-1", path)
    assert batch.mailboxes[0].source == "ann"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = \n", "line 1, column 8: broken TOML: Invalid value"),
        ('name = "x\n', "line 1, column 10: broken TOML: Illegal character"),
        ("[source]\n[source]\n", "line 2, column 8: broken TOML: Cannot declare [source] twice"),
        ("[source.admin]\n[source.admin]\n", "broken TOML: Cannot declare [source.admin] twice"),
        ("name = 1\nname = 2", "line 2, at the end: broken TOML: Cannot overwrite a value"),
        (f"a = {'[' * 5000}", "arrays or tables are nested too deep"),
        (f"a = {'9' * 5000}", "holds a number beyond 64 bits"),
    ],
)
def test_broken_toml_says_where(text: str, problem: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert problem in found[0]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(BatchFileError) as raised:
            load(path)
        (line,) = raised.value.problems
        return line.removeprefix(f"{path}: ")

    assert said(tmp_path / "none.toml") == "there is no such file; check its name and folder"
    assert said(tmp_path).startswith("is not a file; name a batch file")
    (tmp_path / "latin.toml").write_bytes(b'name = "x"\n# caf\xe9\n')
    assert said(tmp_path / "latin.toml") == "line 2: is not UTF-8; save the file as UTF-8"
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert said(tmp_path / "loop").startswith("cannot be read: ")
    assert said(Path("\0")).endswith("cannot be read: embedded null byte")


# Words of Python and of the library that checks; none belongs into a sentence for a user, unless they are his own.
FOREIGN = re.compile(
    r"pydantic|[Ii]nput should|\bNone\b|\bTrue\b|\bdict\b|\bstr\b|\bint\b|\btuple\b|valid instance|lambda"
)
WORDS = st.text(max_size=6).filter(lambda word: not FOREIGN.search(word))
SCALARS = (
    st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
    | st.times()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from(sorted({name for keys in KEYS.values() for name in keys})) | WORDS
PLACES = st.sampled_from([(), ("source",), ("source", "admin"), ("destination",), ("options",), ("mailboxes", 0)])


@settings(max_examples=400)
@given(st.lists(st.tuples(PLACES, NAMES, VALUES), min_size=1, max_size=4), st.booleans())
def test_whatever_a_file_holds_it_is_a_batch_or_told_in_toml_words(
    changes: list[tuple[tuple[str | int, ...], str, Any]],
    imap: bool,
) -> None:
    table: Any = tomllib.loads(GOOD.replace(EXCHANGE, IMAP) if imap else GOOD)
    table["source"]["admin"] = {"username": "a", "password": "env:A"}
    table["options"] = {}
    for place, name, value in changes:
        inner = table
        for step in place:
            try:
                inner = inner[step]
            except (KeyError, IndexError, TypeError):
                inner = {}  # replaced by another change
        if isinstance(inner, dict):
            inner[name] = value
    text = tomli_w.dumps(table)
    try:
        parse(text, FILE)
        lines: list[str] = ["wave.toml: "]
    except BatchFileError as error:
        lines = list(error.problems)
    assert lines
    for line in lines:
        assert line.startswith("wave.toml: ")
        assert "\n" not in line
        ours = re.sub(r'"[^"]*"', "", line)  # what stands in quotes is the user's
        assert not FOREIGN.search(ours), line
