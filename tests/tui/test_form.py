"""The form: every key of a batch file, checked as it is typed, rows by the hundred, saved without loss."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from textual import events

from core.batch.file_keys import FILE_KEYS, Way
from core.batch.load import load
from core.clock import SystemClock
from core.store.database import Database
from tests.tui.screen import Shown, golden, run, shown
from tests.tui.test_running import Ground, ground  # noqa: F401 - a fixture
from tui.form.page import FormPage
from tui.form.pasted import rows_of

SIZES = [(80, 24), (120, 40), (200, 60)]


def page(screen: Shown) -> FormPage:
    assert isinstance(screen.app.screen, FormPage)
    return screen.app.screen


async def to(screen: Shown, key: str) -> None:
    """Put the cursor on a key."""
    await screen.until(lambda: isinstance(screen.app.screen, FormPage), "the form")
    assert page(screen).table.choose(key)


async def write(screen: Shown, text: str, *, enter: str = "enter") -> None:
    """Type into the line at the bottom, in place of what is there."""
    await screen.until(lambda: type(screen.app.screen).__name__ == "Prompt", "a prompt")
    names = {" ": "space", ":": "colon", "@": "at", ".": "full_stop", "/": "slash", "-": "minus", "_": "underscore"}
    await screen.pilot.press("ctrl+u", *(names.get(character, character) for character in text), enter)


async def hand_in(screen: Shown, text: str) -> None:
    """Paste into the line at the bottom: much quicker than to type a long path."""
    await screen.until(lambda: type(screen.app.screen).__name__ == "Prompt", "a prompt")
    screen.app.post_message(events.Paste(text))
    await screen.pilot.press("enter")


async def fill(screen: Shown, key: str, text: str) -> None:
    await to(screen, key)
    await screen.pilot.press("enter")
    await write(screen, text)
    await screen.until(lambda: isinstance(screen.app.screen, FormPage), "the form")


async def paste(screen: Shown, text: str) -> None:
    page(screen).post_message(events.Paste(text))
    await screen.pilot.pause()


def places(kind: str) -> Iterator[tuple[str, ...]]:
    """Every key of a file with that kind of destination; what is in rows as one."""
    for place, keys in FILE_KEYS.items():
        here = place
        if place[:1] == ("destination",):
            here = ("destination", *place[2:])
        if place != ("mailboxes",) and (here is place or place[1] == kind):
            yield from ((*here, key.name) for key in keys.values() if key.way is not Way.TABLE)


def has(screen: Shown, place: tuple[str, ...]) -> bool:
    return place in {item.place for item in page(screen).table.items}


async def looked(screen: Shown, *texts: str) -> None:
    await screen.shows(*texts)
    await screen.pilot.pause()


# --- how it looks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_new_batch_looks_like_this(
    empty: Database, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def look() -> None:
        async with shown(empty, size) as screen:
            await screen.pilot.press("a")
            await looked(screen, "New batch  6 problems", "name: is missing")
            golden(f"form-new-{size[0]}x{size[1]}", screen.text)
            await fill(screen, "name", "wave 1")
            await looked(screen, "is no name for a batch", "not saved")
            golden(f"form-wrong-{size[0]}x{size[1]}", screen.text)

    run(look)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.usefixtures("ground")
def test_mailboxes_look_like_this(empty: Database, ground: Ground, size: tuple[int, int]) -> None:  # noqa: F811
    async def look() -> None:
        file = ground.file(*(f"user{number}" for number in range(40)))
        async with shown(empty, size, files=[file], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.pilot.press("e")
            await looked(screen, "Edit sales.toml  nothing wrong")
            await to(screen, "mailboxes")
            await screen.shows("40: user0, user1, user2, user3, ...")
            await screen.pilot.press("enter")
            await looked(screen, "user1@new.example", "40 user39" if size[1] == 60 else "user9")
            golden(f"form-mailboxes-{size[0]}x{size[1]}", screen.text)

    run(look)


def test_every_key_of_a_batch_file_has_its_line(
    empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def look() -> None:
        async with shown(empty) as screen:
            await screen.pilot.press("a")
            await looked(screen, "New batch  6 problems")
            for kind in ("ews", "imap"):
                shown_keys = {item.place for item in page(screen).table.items if item.key is not None}
                assert shown_keys == set(places(kind))
                await to(screen, "destination.kind")
                await screen.pilot.press("enter")
                other = ("destination", "host" if kind == "ews" else "url")
                await screen.until(partial(has, screen, other))

    run(look)


# --- typing -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ground")
def test_what_is_typed_is_checked_as_it_is_typed(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        async with shown(empty, files=[ground.file("ann")], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.pilot.press("e")
            await to(screen, "options.settle")
            await screen.pilot.press("enter")
            await screen.until(lambda: type(screen.app.screen).__name__ == "Prompt")
            await screen.pilot.press("ctrl+u", *"soon")
            form = screen.app.screen_stack[-2]
            assert isinstance(form, FormPage)
            await screen.until(lambda: len(form.draft.problems) == 1, "a problem before Enter")
            await screen.pilot.press("escape")
            await screen.until(lambda: not form.draft.problems, "what was there before")
            assert form.draft.text_at(("options", "settle")) == "0.001s"
            await to(screen, "options.repair")
            await screen.pilot.press("space")
            assert form.draft.text_at(("options", "repair")) == "false"
            await screen.pilot.press("d")
            assert form.draft.text_at(("options", "repair")) == ""
            await fill(screen, "options.bandwidth", "fast")
            await screen.pilot.press("g")
            await looked(screen, "1 problem")
            await screen.pilot.press("n")
            await looked(screen, "options.bandwidth: ")
            await screen.pilot.press("escape")
            await screen.shows("Something here is not saved")
            await screen.pilot.press("d")
            await screen.until(lambda: not isinstance(screen.app.screen, FormPage))
            assert load(ground.folder / "sales.toml").options.bandwidth is None

    run(look)


# --- saving -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ground")
def test_a_batch_made_here_can_be_started_at_once(
    empty: Database,
    ground: Ground,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    ground.world.source("ann", 3)
    ground.world.source("ben", 3)
    (tmp_path / "taken.toml").write_text("# somebody's\n")

    async def look() -> None:
        async with shown(empty, clock=SystemClock(), make_host=ground.host) as screen:
            await screen.pilot.press("a")
            for key, text in (
                ("name", "taken"),
                ("source.host", "127.0.0.1"),
                ("destination.url", "https://mail.new.example/EWS/Exchange.asmx"),
                ("destination.username", "svc"),
                ("destination.password", "env:MAILCUTOVER_TEST_SECRET"),
            ):
                await fill(screen, key, text)
            await to(screen, "mailboxes")
            await screen.pilot.press("enter")
            await paste(screen, "ann\tann@new.example\tenv:MAILCUTOVER_TEST_SECRET\r\n\r\n"
                                "ben\tben@new.example\tenv:MAILCUTOVER_TEST_SECRET\r\n")  # fmt: skip
            await looked(screen, "2 rows pasted", "nothing wrong")
            await screen.pilot.press("ctrl+s")
            await screen.shows("is there already; give this batch another name")
            await screen.pilot.press("escape", "escape")
            await fill(screen, "name", "wave-1")
            await screen.pilot.press("ctrl+s")
            await screen.shows("saved as", "wave-1.toml")
            assert [mailbox.source for mailbox in load(tmp_path / "wave-1.toml").mailboxes] == ["ann", "ben"]
            assert (tmp_path / "taken.toml").read_text() == "# somebody's\n"
            await screen.pilot.press("escape")
            await screen.shows("wave-1", "Created")
            await screen.pilot.press("s")
            await screen.until(lambda: ground.moved() == {"ann@new.example": 3, "ben@new.example": 3}, "all mail")

    run(look)


@pytest.mark.usefixtures("ground")
def test_nothing_of_a_file_goes_unasked(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        path = ground.file("ann")
        path.write_text("# by hand\n" + path.read_text())
        async with shown(empty, files=[path], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.pilot.press("e")
            await fill(screen, "options.mailboxes_at_once", "7")
            await screen.pilot.press("ctrl+s")
            await screen.shows("The file has comments")
            await screen.pilot.press("n")
            await screen.until(lambda: isinstance(screen.app.screen, FormPage))
            assert "# by hand" in path.read_text()
            path.write_text(path.read_text() + "\n# and now this\n")
            await screen.pilot.press("ctrl+s")
            await screen.shows("was changed since it was opened here")
            await screen.pilot.press("y")
            await screen.shows("The file has comments")
            await screen.pilot.press("y")
            await screen.shows("saved as")
            assert load(path).options.mailboxes_at_once == 7
            assert "# and now this" in path.with_name("sales.toml.bak").read_text()
            await screen.pilot.press("escape")
            await screen.until(lambda: not isinstance(screen.app.screen, FormPage), "no question: it is saved")

    run(look)


def test_who_only_looks_on_edits_nothing(store: Database) -> None:
    async def look() -> None:
        async with shown(store, read_only=True) as screen:
            for key in ("a", "e"):
                await screen.press(key)
                await screen.shows("This console only looks on (--read-only)")
                assert not isinstance(screen.app.screen, FormPage)

    run(look)


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ground")
def test_rows_are_added_changed_and_taken_out(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        async with shown(empty, files=[ground.file("ann")], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.pilot.press("e")
            await to(screen, "mailboxes")
            await screen.pilot.press("enter")
            await screen.until(lambda: type(screen.app.screen).__name__ == "SheetPage")
            draft = page(screen).draft
            await screen.pilot.press("a")
            await write(screen, "ben")
            await write(screen, "ben-at-new.example")
            await looked(screen, "mailboxes[2].", "2 problems")
            assert [row["source"] for row in draft.tables()["mailboxes"]] == ["ann", "ben"]
            await screen.pilot.press("a")
            await write(screen, "", enter="escape")
            await screen.until(lambda: len(draft.tables()["mailboxes"]) == 2, "an empty row goes again")
            await screen.pilot.press("G", "d")
            await screen.shows("Taken out: ben")
            await looked(screen, "nothing wrong")

    run(look)


def into_exchange(ground: Ground) -> Path:  # noqa: F811
    """A batch file with one account for all mailboxes at the destination."""
    path = ground.folder / "sales.toml"
    path.write_text(
        'name = "sales"\n[source]\nhost = "127.0.0.1"\n[destination]\nurl = "https://mail.new.example/EWS/Exchange.asmx"\n'
        'username = "svc"\npassword = "env:MAILCUTOVER_TEST_SECRET"\n[[mailboxes]]\nsource = "ann"\n'
        'destination = "ann@new.example"\npassword = "env:MAILCUTOVER_TEST_SECRET"\n'
    )
    return path


@pytest.mark.usefixtures("ground")
def test_a_list_is_imported_and_its_passwords_are_kept_apart(empty: Database, ground: Ground) -> None:  # noqa: F811
    listed = ground.folder / "list.csv"
    listed.write_text(
        "EmailAddress,UserName,Password\nben@new.example,ben,planted-1\ncarl@new.example,carl,planted-2\n"
    )
    wrong = ground.folder / "wrong.csv"
    wrong.write_text("EmailAddress,UserName,Password\nben@new.example,ben\n")
    pipe = ground.folder / "pipe"
    os.mkfifo(pipe)

    async def look() -> None:
        async with shown(empty, files=[into_exchange(ground)], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.pilot.press("e")
            await to(screen, "mailboxes")
            await screen.pilot.press("enter", "i")
            await hand_in(screen, str(wrong))
            await screen.shows("cannot be imported", "line 2")
            await screen.pilot.press("escape", "i")
            await hand_in(screen, str(pipe))
            await screen.shows("pipe cannot be imported", "not a file")
            await screen.pilot.press("escape", "i")
            await hand_in(screen, str(listed))
            await screen.shows("2 passwords are in")
            assert "planted" not in screen.text
            await screen.pilot.press("escape")
            await looked(screen, "carl@new.example", "nothing wrong")
            assert "planted" not in screen.text
            secrets = ground.folder / "sales.passwords.toml"
            assert secrets.stat().st_mode & 0o777 == 0o600
            assert "planted-2" in secrets.read_text()
            await screen.pilot.press("ctrl+s")
            await screen.shows("saved as")
            assert "planted" not in (ground.folder / "sales.toml").read_text()
            assert [mailbox.source for mailbox in load(ground.folder / "sales.toml").mailboxes] == [
                "ann",
                "ben",
                "carl",
            ]

    run(look)


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("a\tb\r\n\r\nc\td\te\r\n", ("x", "y"), [{"x": "a", "y": "b"}, {"x": "c", "y": "d"}]),
        ('"a;1";b\n;c\n', ("x", "y"), [{"x": "a;1", "y": "b"}, {"y": "c"}]),
        ("a, b\n", ("x", "y"), [{"x": "a", "y": "b"}]),
        ("Lists/a, b\nINBOX\n", ("x",), [{"x": "Lists/a, b"}, {"x": "INBOX"}]),
        ("\n \n", ("x", "y"), []),
    ],
)
def test_rows_from_the_clipboard(text: str, columns: Sequence[str], rows: list[dict[str, str]]) -> None:
    assert rows_of(text, columns) == rows


def test_quotation_marks_that_do_not_fit_are_told() -> None:
    for text in ('"a\tb\nc\td\n' * 9_000, '"a"b\tc\n'):
        with pytest.raises(ValueError, match=r"line \d+: .*; see to its quotation marks"):
            rows_of(text, ("x", "y"))


@pytest.mark.usefixtures("ground")
def test_a_secret_in_the_place_of_a_reference_is_not_shown(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        async with shown(empty, files=[ground.file("ann")], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.pilot.press("e")
            await to(screen, "mailboxes")
            await screen.pilot.press("enter")
            await screen.until(lambda: type(screen.app.screen).__name__ == "SheetPage")
            await paste(screen, "ben\tben@new.example\tplanted-secret\n")
            await looked(screen, "1 rows pasted", "2 problems", "********")
            assert "planted" not in screen.text
            await paste(screen, '"ben\tben@new.example\n')
            await looked(screen, "Nothing was pasted: line 1: ")

    run(look)


# --- trying it out ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ground")
def test_a_sign_in_and_where_folders_go_are_tried(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        file = ground.file("ann", password="prompt:the old password")
        async with shown(empty, files=[file], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.pilot.press("e")
            await looked(screen, "nothing wrong")
            await screen.pilot.press("t")
            await screen.shows("Try out", "ann@new.example")
            await screen.pilot.press("s")
            await screen.shows("the old password")
            await screen.pilot.press(*"hunter2", "enter")
            await screen.shows("source 127.0.0.1:143: signed in as ann")
            assert "hunter2" not in screen.text
            await screen.pilot.press("t")
            await screen.shows("Try out")
            await screen.pilot.press("f")
            await screen.shows("Where the folders go · ann", "INBOX", "→")
            assert ground.moved().get("ann@new.example", 0) == 0

    run(look)


def test_nobody_has_to_wait_for_a_server_that_says_nothing(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            file = ground.file("ann")
            port = silent.getsockname()[1]
            file.write_text(file.read_text().replace('security = "none"', f'security = "none"\nport = {port}', 1))
            async with shown(empty, files=[file], clock=SystemClock()) as screen:
                await screen.shows("sales", "Created")
                await screen.pilot.press("e")
                await looked(screen, "nothing wrong")
                await screen.pilot.press("t")
                await screen.shows("Try out", "ann@new.example")
                await screen.pilot.press("s")
                await screen.shows("Trying to sign in at the source", "Esc gives up waiting")
                silent.settimeout(60)
                taken, _ = await asyncio.to_thread(silent.accept)
                with taken:
                    await screen.pilot.press("escape")
                    await screen.shows("That does not work yet", "cancelled")

    run(look)
