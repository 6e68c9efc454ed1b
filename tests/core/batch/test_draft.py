"""A batch file while it is written: what stands in it comes through unharmed, and its problems are those of loading."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from core.batch.definition import Batch
from core.batch.draft import Draft, Place
from core.batch.file_keys import FILE_KEYS, Way
from core.batch.load import load, parse
from core.batch.save import to_toml
from core.batch.sheet import SHEETS
from core.batch.typed import next_choice, text_of, value_of
from core.errors import BatchFileError
from tests.batch_text import EXCHANGE, GOOD, SOURCE
from tests.core.batch.any_batch import batches

TABLES: list[Place] = [(), ("source",), ("source", "admin"), ("destination",), ("destination", "admin"), ("options",)]


def draft(text: str = GOOD) -> Draft:
    made = Draft(tomllib.loads(text), Path("wave.toml"), text)
    made.look()
    return made


def loading(table: dict[str, Any]) -> list[str]:
    """What loading a file with these tables would tell."""
    try:
        parse(tomli_w.dumps(table), Path("wave.toml"))
    except BatchFileError as error:
        return list(error.problems)
    return []


def told(made: Draft) -> list[str]:
    return [problem.line("wave.toml") for problem in made.problems]


# --- any batch ----------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(batches())
def test_any_batch_is_the_same_in_a_draft(batch: Batch) -> None:
    table = tomllib.loads(to_toml(batch))
    made = Draft(table)
    made.look()
    assert made.tables() == table
    assert not made.unsaved
    assert told(made) == []
    assert made.batch() == batch


@settings(max_examples=60)
@given(batches())
def test_writing_what_stands_there_changes_nothing(batch: Batch) -> None:
    table = tomllib.loads(to_toml(batch))
    made = Draft(table)
    for place in TABLES:
        for name, key in made.keys(place).items():
            if key.way not in {Way.TABLE, Way.ROWS}:
                made.put((*place, name), made.text_at((*place, name)))
    for sheet in made.sheets.values():
        for row in list(sheet.rows):
            for column in row.values:
                sheet.put(row.number, column, sheet.text(row.number, column))
    assert made.tables() == table


keys = st.sampled_from([*{name for names in FILE_KEYS.values() for name in names}, "tenant", "hots"])
telling = ("", "true", "3", "x", "2024-01-31", "2024-02-31", "env:A", "hunter2", "ews", "imap", "tls", "none", "a/b")
words = st.sampled_from([*telling, "{user}*{admin}", "https://a.b/c", "24h", "35 MB"]) | st.text(max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_written_its_problems_are_those_of_loading(data: st.DataObject) -> None:
    made = Draft(tomllib.loads(data.draw(st.sampled_from(["", GOOD]))))
    for _ in range(data.draw(st.integers(1, 12))):
        if data.draw(st.booleans()):
            made.put((*data.draw(st.sampled_from(TABLES)), data.draw(keys)), data.draw(words))
            continue
        sheet = made.sheets[data.draw(st.sampled_from([*SHEETS]))]
        if not sheet.rows or data.draw(st.booleans()):
            sheet.add([{column: data.draw(words) for column in sheet.columns if data.draw(st.booleans())}])
        elif data.draw(st.booleans()):
            sheet.remove(data.draw(st.sampled_from(sheet.rows)).number)
        else:
            row = data.draw(st.sampled_from(sheet.rows))
            sheet.put(row.number, data.draw(st.sampled_from([*sheet.columns, "soucre"])), data.draw(words))
    made.look()
    own = [problem for sheet in made.sheets.values() for problem in sheet.own_problems()]
    found = [problem.line("wave.toml") for problem in made.problems if problem not in own]
    assert sorted(found) == sorted(loading(made.tables())), "a writer puts inner tables last"


# --- keys ---------------------------------------------------------------------------------------------------------


def test_every_key_has_a_help() -> None:
    for place, names in FILE_KEYS.items():
        for key in names.values():
            if key.way is not Way.TABLE and (place, key.name) != ((), "mailboxes"):
                assert key.what.endswith("."), (place, key.name)
                assert len(key.what) <= 130
                assert key.allowed, (place, key.name)


def test_what_counts_without_a_key_is_what_the_definition_says() -> None:
    defaults = {name: key.default for name, key in FILE_KEYS["options",].items() if key.default}
    assert defaults == {
        "max_message_size": "35 MB",
        "max_items_per_mailbox": "500000",
        "skip_deleted": "true",
        "drafts": "every",
        "read_receipts": "off",
        "repair": "true",
        "rejected_limit": "50",
        "mailboxes_at_once": "10",
        "sync_every": "24h",
        "give_up_after": "24h",
        "settle": "auto",
    }
    named = parse(
        GOOD.replace("[[mail", "[options]\n" + "".join(_line(*pair) for pair in defaults.items()) + "[[mail"), Path("x")
    )
    assert named.options == parse(GOOD, Path("x")).options


def _line(name: str, text: str) -> str:
    return tomli_w.dumps({name: value_of(FILE_KEYS["options",][name], text)})


def test_a_default_that_hangs_on_other_keys_is_told_as_it_is_now() -> None:
    made = draft()
    assert [made.without(("source", name)) for name in ("port", "identity", "security", "ca_file")] == [
        "993",
        "imap.old.example",
        "tls",
        "",
    ]
    made.put(("source", "security"), "starttls")
    made.put(("source", "port"), "1143")
    assert [made.without(("source", name)) for name in ("port", "identity")] == ["143", "imap.old.example:1143"]
    assert made.without(("destination", "identity")) == "mail.new.example"
    made.put(("source", "port"), "abc")
    made.put(("source", "host"), "")
    assert made.without(("source", "identity")) == ""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("rejected_limit", " 12 ", 12),
        ("rejected_limit", "12 MB", "12 MB"),
        ("skip_deleted", "false", False),
        ("skip_deleted", "no", "no"),
        ("max_message_size", "35", "35"),
        ("sync_every", "24h", "24h"),
        ("settle", "  ", None),
    ],
)
def test_a_value_is_typed_without_quotes(name: str, text: str, value: object) -> None:
    found = value_of(FILE_KEYS["options",][name], text)
    assert (found, type(found)) == (value, type(value))
    assert text_of(found) == text.strip()


@pytest.mark.parametrize("text", ["2024-01-31", "2024-01-31T08:00:00", "2024-01-31T08:00:00+02:00"])
def test_a_date_is_typed_as_toml_writes_it(text: str) -> None:
    value = value_of(FILE_KEYS["options",]["received_since"], text)
    assert value == tomllib.loads(f"x = {text}")["x"]
    assert text_of(value) == text


def test_choices_go_round() -> None:
    choices = FILE_KEYS["source",]["security"].choices
    assert [next_choice(choices, now) for now in ("tls", "starttls", "none", "", "ssl")] == [
        "starttls",
        "none",
        "tls",
        "tls",
        "tls",
    ]


# --- tables that come and go --------------------------------------------------------------------------------------


def test_an_administrator_is_there_as_long_as_anything_is_said_of_him() -> None:
    made = draft()
    made.put(("source", "admin", "style"), "{user}*{admin}")
    made.look()
    assert [problem.key for problem in made.problems] == ["source.admin.username", "source.admin.password"]
    made.put(("source", "admin", "style"), "")
    assert not made.unsaved


def test_options_without_a_key_are_no_table() -> None:
    made = draft()
    made.put(("options", "repair"), "false")
    assert made.tables()["options"] == {"repair": False}
    made.put(("options", "repair"), "")
    assert "options" not in made.tables()
    globs = made.sheets["options", "include_folders"]
    (row,) = globs.add([{"folder": "INBOX"}])
    assert made.tables()["options"] == {"include_folders": ["INBOX"]}
    globs.remove(row.number)
    assert not made.unsaved


def test_another_kind_of_destination_and_back_loses_nothing() -> None:
    made = draft()
    before = made.tables()["destination"]
    made.put(("destination", "kind"), "imap")
    made.put(("destination", "host"), "imap.new.example")
    made.look()
    assert set(made.tables()["destination"]) == {"kind", "host"}
    assert [problem.key for problem in made.problems] == ["mailboxes[1].destination_password"]
    assert list(made.keys(("destination",)))[:2] == ["kind", "host"]
    made.put(("destination", "kind"), "ews")
    assert made.tables()["destination"] == {**before, "kind": "ews"}
    made.put(("destination", "kind"), "imap")
    assert made.text_at(("destination", "host")) == "imap.new.example"


def test_what_is_no_key_stays_and_can_be_left_out() -> None:
    made = draft(GOOD.replace("[destination]", '[destination]\ntenant = "x"\nacces = ["direct"]'))
    assert list(made.keys(("destination",)))[-2:] == ["tenant", "acces"]
    assert made.text_at(("destination", "acces")) == "direct"
    assert [problem.text for problem in made.problems_at("destination")] == [
        "is not built yet; leave it out",
        'unknown key; did you mean "access"?',
    ]
    made.put(("destination", "tenant"), "")
    made.put(("destination", "acces"), "")
    assert made.tables() == tomllib.loads(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        'source = "x"\nmailboxes = 3\noptions = 4',
        "destination = [1]\nmailboxes = [1, {source = 2}]",
        "options = {include_folders = 5, folder_map = ['a'], exclude_folders = [1]}",
        "destination = {kind = ['ews']}",
    ],
)
def test_what_stands_where_it_must_not_is_kept_and_told(text: str) -> None:
    made = draft(text)
    table = tomllib.loads(text)
    assert made.tables() == {"source": {}, "destination": {}, **table}
    assert told(made) == loading(made.tables())
    made.put(("source", "host"), "h")
    made.put(("options", "repair"), "true")
    made.sheets["mailboxes",].add([{"source": "ann"}])
    assert made.text_at(("source", "host")) == "h"


# --- rows ---------------------------------------------------------------------------------------------------------


def test_rows_keep_their_numbers_wherever_they_move() -> None:
    mailboxes = draft().sheets["mailboxes",]
    ann = mailboxes.rows[0]
    ben, cal = mailboxes.add([{"source": "ben"}, {"source": "cal"}])
    (amy,) = mailboxes.add([{"source": "amy"}], after=ann.number)
    assert [row.values["source"] for row in mailboxes.rows] == ["ann", "amy", "ben", "cal"]
    mailboxes.remove(ben.number)
    mailboxes.put(cal.number, "destination", "cal@new.example")
    assert [mailboxes.index(row.number) for row in (ann, amy, cal)] == [0, 1, 2]
    assert mailboxes.text(cal.number, "destination") == "cal@new.example"
    mailboxes.put(cal.number, "source", "")
    assert mailboxes.value()[-1] == {"destination": "cal@new.example"}


def test_a_problem_is_found_at_its_row_and_at_all_above_it() -> None:
    made = draft()
    made.sheets["mailboxes",].add([{"source": "ben", "destination": "ben", "password": "env:BEN"}])
    made.look()
    (problem,) = made.problems
    for key in ("mailboxes", "mailboxes[2]", "mailboxes[2].destination"):
        assert made.problems_at(key) == [problem]
    for key in ("mailboxes[1]", "mailboxes[2].source", "mail", "options"):
        assert made.problems_at(key) == ()


def test_a_folder_twice_in_the_map_is_told_though_no_file_could_say_it() -> None:
    made = draft()
    folders = made.sheets["options", "folder_map"]
    _, second = folders.add([{"folder": "Old", "goes_to": "A"}, {"folder": "Old", "goes_to": "B"}])
    made.look()
    assert told(made) == ['wave.toml: options.folder_map: "Old" stands there twice; leave one of them out']
    folders.put(second.number, "folder", "New")
    made.look()
    assert told(made) == []
    assert made.tables()["options"]["folder_map"] == {"Old": "A", "New": "B"}


# --- the file -----------------------------------------------------------------------------------------------------


def test_it_is_opened_and_saved(tmp_path: Path) -> None:
    path = tmp_path / "wave.toml"
    path.write_text("# by hand\n" + GOOD)
    made = Draft.open(path)
    assert made.loses_comments
    made.put(("source", "host"), "imap.other.example")
    assert made.unsaved
    assert not made.in_the_way()
    batch = made.save()
    assert batch == load(path)
    assert batch.source.host == "imap.other.example"
    assert (made.unsaved, made.loses_comments, made.in_the_way()) == (False, False, False)
    assert path.with_name("wave.toml.bak").read_text() == "# by hand\n" + GOOD


def test_a_file_that_somebody_else_has_written_is_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "wave.toml"
    fresh = Draft(tomllib.loads(GOOD), path)
    assert not fresh.in_the_way()
    path.write_text(GOOD)
    assert fresh.in_the_way()
    opened = Draft.open(path)
    assert not opened.in_the_way()
    path.write_text(GOOD + "\n")
    assert opened.in_the_way()


def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    made = Draft(tomllib.loads(f'name = "wave"\n{SOURCE}{EXCHANGE}'), tmp_path / "wave.toml")
    with pytest.raises(ValueError, match=r"at least one \[\[mailboxes\]\]"):
        made.save()
    assert not list(tmp_path.iterdir())
