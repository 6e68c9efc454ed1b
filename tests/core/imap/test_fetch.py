"""What servers do to a FETCH: each test plays one that does it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imap import fetch as fetch_module
from core.imap import slices as slices_module
from core.imap import whole as whole_module
from core.imap import wire as wire_module
from core.imap.asking import fetch_each, short_sets, uid_set
from core.imap.fetch import Bodies
from core.imap.wire import Completion, LostError, Response, completion_of, numbers
from core.mail.body import Body
from core.mail.flags import Flags
from core.ports.failure import Action, EndpointError, Failure, Side
from core.ports.source import Fetched, SourceMessage

OK = completion_of(b"OK", b"done")


@dataclass
class Folder:
    """A folder of a server; `bad` UIDs spoil a FETCH, `nil` are answered NIL, `hidden` are not answered."""

    messages: dict[int, bytes]
    bad: set[int] = field(default_factory=set)
    nil: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    gives_good: bool = True  # before a NO, what is not bad
    no: bytes = b"Some messages could not be FETCHed"
    slice_of: Callable[[bytes, int, int], bytes] = lambda data, start, size: data[start : start + size]
    dies: Callable[[str], bool] = lambda command: False
    how: str = "LOST"  # the code of the failure that it dies of
    seen: list[str] = field(default_factory=list)

    def ask(self, command: bytes, take: Callable[[Response], None] | None) -> Completion:
        text = command.decode()
        self.seen.append(text)
        take = take or (lambda response: None)
        if self.dies(text):
            raise EndpointError(Failure(Action.RETRY, self.how, "so it ended", said="why", side=Side.SOURCE))
        words = text.split(" ", 3)
        if words[:2] == ["UID", "SEARCH"]:
            there = self.messages.keys() - self.gone
            found = sorted(there) if words[2] == "ALL" else [u for u in numbers(words[3].encode()) if u in there]
            take(response(b"SEARCH", b" ".join(b"%d" % uid for uid in found)))
        if words[:2] != ["UID", "FETCH"]:
            return OK
        asked = [uid for uid in numbers(words[2].encode()) if uid in self.messages.keys() - self.gone]
        spoiled = self.bad & set(asked)
        if spoiled and not self.gives_good:
            return completion_of(b"NO", self.no)
        for uid in asked:
            if uid in self.hidden | spoiled:
                continue
            self._answer(uid, words[3], take)
        return completion_of(b"NO", self.no) if spoiled else OK

    def _answer(self, uid: int, what: str, take: Callable[[Response], None]) -> None:
        data = self.messages[uid]
        size = b" RFC822.SIZE %d" % len(data) if "SIZE" in what else b""
        if uid in self.nil:
            take(response(b"FETCH", b"(UID %d%b BODY[] NIL)" % (uid, size), number=uid))
            return
        key = b"BODY[]"
        if part := re.search(r"<(\d+)\.(\d+)>", what):
            key += b"<%d>" % int(part[1])
            data = self.slice_of(data, int(part[1]), int(part[2]))
        take(response(b"FETCH", b"(UID %d%b %b {%d}" % (uid, size, key, len(data)), data, b")", number=uid))

    def fetches(self) -> list[str]:
        return [command.split()[2] for command in self.seen if command.startswith("UID FETCH")]


def response(kind: bytes, *pieces: bytes, number: int | None = None) -> Response:
    return Response(b"*", kind, number, list(pieces))


def listed(folder: Folder, *uids: int) -> list[SourceMessage]:
    return [SourceMessage(uid, len(folder.messages[uid]), None, Flags()) for uid in uids or folder.messages]


def fetched(folder: Folder, messages: Iterable[SourceMessage] | None = None) -> dict[int, bytes | str | None]:
    """UID to bytes, the failure's code, or None for what vanished."""
    return dict(told(Bodies(folder.ask, None).fetch(listed(folder) if messages is None else messages)))


def told(answers: Iterable[Fetched]) -> Iterator[tuple[int, bytes | str | None]]:
    for answer in answers:
        if answer.failure is not None:
            assert answer.body is None
            assert (answer.failure.action, answer.failure.side) == (Action.REJECT, Side.SOURCE)
            yield answer.uid, answer.failure.code
        elif answer.body is None:
            yield answer.uid, None
        else:
            yield answer.uid, answer.body.read()
            answer.body.close()


def ten(**options: object) -> Folder:
    return Folder({uid: b"message %d" % uid for uid in range(1, 11)}, **options)  # type: ignore[arg-type]


def test_messages_come_in_the_order_they_were_asked_for_in() -> None:
    folder = ten()
    found = fetched(folder, listed(folder, 7, 3, 4, 1))
    assert list(found.items()) == [(uid, folder.messages[uid]) for uid in (7, 3, 4, 1)]
    assert folder.fetches() == ["1,3:4,7"]


@pytest.mark.parametrize("gives_good", [True, False])
def test_a_bad_message_is_alone_in_the_end(gives_good: bool) -> None:
    folder = ten(bad={4, 9}, gives_good=gives_good)
    assert fetched(folder) == {**folder.messages, 4: "NO", 9: "NO"}
    assert "4" in folder.fetches()
    assert "9" in folder.fetches()


def test_what_the_server_said_is_kept() -> None:
    folder = Folder({1: b"x"}, bad={1}, no=b"[SERVERBUG] Internal error")
    (answer,) = Bodies(folder.ask, None).fetch(listed(folder))
    assert answer.failure is not None
    assert (answer.failure.said, answer.failure.code) == ("[SERVERBUG] Internal error", "SERVERBUG")


@pytest.mark.parametrize(
    ("no", "action"),
    [
        (b"[LIMIT] slowly", Action.WAIT),
        (b"[UNAVAILABLE] later", Action.WAIT),
        (b"Request is throttled. Suggested Backoff Time: 2500 milliseconds", Action.WAIT),
        (b"[NOPERM] no", Action.STOP_MAILBOX),
    ],
)
def test_a_refusal_that_is_not_about_a_message_is_not_put_on_one(no: bytes, action: Action) -> None:
    with pytest.raises(EndpointError) as caught:
        fetched(ten(bad={4}, no=no))
    assert caught.value.failure.action is action
    assert caught.value.failure.seconds == (2.5 if b"2500" in no else None)


def test_a_server_that_refuses_everything_is_not_believed() -> None:
    uids = set(range(1, 41))
    with pytest.raises(EndpointError) as caught:
        fetched(Folder(dict.fromkeys(uids, b"x"), bad=uids))
    assert caught.value.failure.action is Action.RETRY


def test_what_is_gone_has_vanished_after_a_second_look() -> None:
    folder = ten(gone={2, 3})
    assert fetched(folder) == {**folder.messages, 2: None, 3: None}
    assert folder.fetches() == ["1:10", "2:3"]
    assert "NOOP" in folder.seen


def test_what_is_gone_by_the_servers_word_is_no_refusal() -> None:
    folder = ten(bad={2}, gone=set(), no=b"[EXPUNGEISSUED] Some of the requested messages no longer exist")

    def dies(command: str) -> bool:
        if command == "NOOP":
            folder.gone, folder.bad = {2}, set()
        return False

    folder.dies = dies
    assert fetched(folder) == {**folder.messages, 2: None}


def test_what_is_listed_and_not_given_has_not_vanished() -> None:
    folder = ten(hidden={2, 10})
    assert fetched(folder) == {**folder.messages, 2: "NOT-GIVEN", 10: "NOT-GIVEN"}


def test_nil_is_nothing_where_something_was_announced() -> None:
    folder = Folder({1: b"", 2: b"two", 3: b"", 4: b"four"}, nil={1, 2})
    assert fetched(folder) == {1: b"", 2: "EMPTY", 3: b"", 4: b"four"}


def test_an_empty_answer_is_looked_at_twice() -> None:
    folder = Folder({1: b""})
    assert fetched(folder, [SourceMessage(1, 100, None, Flags())]) == {1: b""}  # the size was wrong
    assert folder.fetches() == ["1", "1"]


def test_the_announced_size_is_a_hint() -> None:
    folder = ten()
    assert fetched(folder, [SourceMessage(uid, 5000, None, Flags()) for uid in folder.messages]) == folder.messages


def test_requests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "BATCH_MESSAGES", 4)
    monkeypatch.setattr(fetch_module, "BATCH_BYTES", 30)
    folder = Folder({uid: b"x" * size for uid, size in enumerate([1] * 6 + [29, 2, 28, 40, 1], 1)})
    assert fetched(folder) == folder.messages
    assert folder.fetches() == ["1:4", "5:6", "7", "8:9", "10", "11"]


def test_nothing_more_is_asked_for_than_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "BATCH_MESSAGES", 2)
    folder = ten()
    answers = Bodies(folder.ask, None).fetch(iter(listed(folder)))
    assert folder.fetches() == []
    next(answers)
    next(answers)
    assert folder.fetches() == ["1:2"]
    answers.close()  # type: ignore[attr-defined]
    assert folder.fetches() == ["1:2"]


# --- large messages -----------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes a millionth as large."""
    monkeypatch.setattr(fetch_module, "SPOOL_ABOVE", 20)
    monkeypatch.setattr(slices_module, "SLICE", 8)


@pytest.mark.parametrize("size", [21, 24, 31])
@pytest.mark.usefixtures("small")
def test_slices_come_to_the_message(size: int) -> None:
    folder = Folder({1: b"small", 5: bytes(range(size)), 6: b"other"})
    assert fetched(folder) == folder.messages
    slices = [command.split(" ", 3)[3] for command in folder.seen if " 5 " in command]
    assert slices[:2] == ["(BODY.PEEK[]<0.8>)", "(BODY.PEEK[]<8.8>)"]
    assert len(slices) == size // 8 + 1
    assert folder.fetches()[0] == "1"
    assert folder.fetches()[-1] == "6"


@pytest.mark.parametrize(
    "slice_of",
    [
        lambda data, start, size: data[start : start + size - 1],  # less than was asked for
        lambda data, start, size: data,  # the whole message, whatever was asked for
        lambda data, start, size: data[:size],  # always the beginning
        lambda data, start, size: b"",
        lambda data, start, size: data[start : start + size] if start < 16 else b"",
    ],
)
@pytest.mark.usefixtures("small")
def test_slices_that_do_not_add_up_are_given_up_for_the_whole(slice_of: Callable[[bytes, int, int], bytes]) -> None:
    folder = Folder({5: bytes(range(30))}, slice_of=slice_of)
    assert fetched(folder) == folder.messages
    assert folder.seen[-1] == "UID FETCH 5 (BODY.PEEK[])"


@pytest.mark.usefixtures("small")
def test_a_large_message_announced_wrongly_is_whole() -> None:
    folder = Folder({5: bytes(range(30))})
    assert fetched(folder, [SourceMessage(5, 33, None, Flags())]) == folder.messages
    assert fetched(folder, [SourceMessage(5, 25, None, Flags())]) == folder.messages


@pytest.mark.usefixtures("small")
def test_a_large_message_may_vanish_or_be_refused_too() -> None:
    large = bytes(range(30))
    assert fetched(Folder({5: large}, gone={5}), [SourceMessage(5, 30, None, Flags())]) == {5: None}
    assert fetched(Folder({5: large}, bad={5})) == {5: "NO"}
    assert fetched(Folder({5: large}, nil={5})) == {5: "EMPTY"}
    with pytest.raises(EndpointError):
        fetched(Folder({5: large}, bad={5}, no=b"[LIMIT] slowly"))


@pytest.mark.parametrize("backwards", [False, True])
def test_messages_larger_than_they_were_said_to_be_are_not_all_in_memory_at_once(
    monkeypatch: pytest.MonkeyPatch, backwards: bool
) -> None:
    monkeypatch.setattr(whole_module, "SPOOL_ABOVE", 50)
    folder = Folder({uid: b"%d" % uid * 10 for uid in range(10, 30)})  # 20 bytes each
    asked = [SourceMessage(uid, 1, None, Flags()) for uid in folder.messages][:: -1 if backwards else 1]
    held: list[Body] = []
    most = 0
    monkeypatch.setattr(whole_module._Room, "kept", keeping(held))
    for answer, message in zip(Bodies(folder.ask, None).fetch(asked), asked, strict=True):
        assert answer.body is not None
        assert (answer.uid, answer.body.read()) == (message.uid, folder.messages[message.uid])
        most = max(most, sum(body.memory for body in held))
        answer.body.close()
    assert most <= 50 + 20  # what was kept beside others, and one that was asked for alone
    assert folder.fetches()[0] == "10:29"
    assert len(folder.fetches()) == 1 + 18, "what had no room comes once more, alone"


def keeping(held: list[Body]) -> Callable[[whole_module._Room, Body], Body | int]:
    """Keeps an eye on the bodies that are handed out."""
    original = whole_module._Room.kept

    def kept(room: whole_module._Room, body: Body) -> Body | int:
        found = original(room, body)
        held.extend([found] if isinstance(found, Body) else [])
        return found

    return kept


# --- lost connections ---------------------------------------------------------------------------------------------


def over(*uids: int) -> Callable[[str], bool]:
    """The connection ends when one of these is asked for."""

    def dies(command: str) -> bool:
        return command.startswith("UID FETCH") and bool(set(uids) & set(numbers(command.split()[2].encode())))

    return dies


def test_a_message_that_ends_the_connection_is_given_up_and_the_others_come() -> None:
    folder = ten(dies=over(4, 5))
    assert fetched(folder) == {**folder.messages, 4: "LOST", 5: "LOST"}
    assert fetched(folder, listed(folder, 5)) == {5: "LOST"}  # nothing else was asked for, but there is something


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("LOST", "the connection ends"),
        ("BYE", "the server closes the connection"),
        ("TIMEOUT", "the server falls silent"),
        ("GARBLED", "the server's answer cannot be read"),
    ],
)
def test_a_message_is_given_up_however_the_server_takes_it(how: str, cause: str) -> None:
    folder = ten(dies=over(4), how=how)
    assert fetched(folder) == {**folder.messages, 4: how}
    (answer,) = Bodies(folder.ask, None).fetch(listed(folder, 4))
    assert answer.failure is not None
    assert answer.failure.sentence() == f"{cause} each time this message is asked for (why); look at it at the source"


def test_any_other_failure_is_no_messages_fault() -> None:
    with pytest.raises(EndpointError):
        fetched(ten(dies=over(4), how="REFUSED"))


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("gives_good", [True, False])
def test_a_server_that_hangs_up_after_refusals_is_asked_again(patience: int, gives_good: bool) -> None:
    folder = ten(bad={2, 4, 9}, gives_good=gives_good)
    refused = 0

    def ask(command: bytes, take: Callable[[Response], None] | None) -> Completion:
        nonlocal refused
        if refused == patience:
            refused = 0
            raise EndpointError(Failure(Action.RETRY, "BYE", "too many errors", side=Side.SOURCE))
        done = folder.ask(command, take)
        refused += not done.ok
        return done

    found: set[int] = set()

    def keep(uid: int, items: dict[bytes, bytes | Body | None]) -> bool:
        del items
        found.add(uid)
        return True

    # Each message counts once, however often it was asked for.
    assert fetch_each(ask, list(folder.messages), b"(BODY.PEEK[])", keep).keys() == {2, 4, 9}
    assert found == set(folder.messages) - {2, 4, 9}


def test_a_server_that_hangs_up_without_a_refusal_is_not_asked_again() -> None:
    folder = ten(dies=over(1))
    with pytest.raises(EndpointError):
        fetch_each(folder.ask, list(folder.messages), b"(BODY.PEEK[])", lambda *_: True)
    assert len(folder.fetches()) == 1


def test_a_message_alone_in_its_folder_is_never_blamed() -> None:
    with pytest.raises(EndpointError) as caught:
        fetched(Folder({4: b"x"}, dies=over(4)))
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "LOST")


def test_a_server_that_hangs_up_on_every_message_costs_none() -> None:
    folder = ten(dies=over(*range(1, 11)))
    with pytest.raises(EndpointError):
        fetched(folder)
    folder.dies = lambda command: True
    with pytest.raises(EndpointError):
        fetched(folder)


def test_a_link_that_comes_back_costs_nothing() -> None:
    folder = ten()
    deaths = iter([True, False, True])
    folder.dies = lambda command: command.startswith("UID FETCH") and next(deaths, False)
    assert fetched(folder) == folder.messages


def test_a_link_that_stays_away_is_an_error() -> None:
    folder = ten()
    deaths = iter([False, True])  # lost, and no new connection
    folder.dies = lambda command: not command.startswith("UID FETCH") or next(deaths, True)
    bodies = Bodies(folder.ask, None).fetch(listed(folder))
    assert next(bodies).uid == 1
    with pytest.raises(EndpointError):
        fetched(folder)


@pytest.mark.usefixtures("small")
def test_slices_go_on_after_a_lost_connection() -> None:
    folder = Folder({5: bytes(range(30)), 6: b"x"})
    deaths = iter([False, True, False, True, False, False])
    folder.dies = lambda command: "<" in command and next(deaths)
    assert fetched(folder, listed(folder, 5)) == {5: folder.messages[5]}
    offsets = [int(found[1]) for command in folder.seen if (found := re.search(r"<(\d+)", command))]
    assert offsets == [0, 8, 8, 16, 16, 24]


@pytest.mark.usefixtures("small")
def test_a_large_message_that_ends_the_connection_is_given_up_too() -> None:
    folder = Folder({5: bytes(range(30)), 6: b"x"}, dies=over(5))
    assert fetched(folder) == {5: "LOST", 6: b"x"}


# --- asking -------------------------------------------------------------------------------------------------------


@given(st.sets(st.integers(1, 4_294_967_295), min_size=1))
def test_a_uid_set_names_exactly_these(uids: set[int]) -> None:
    assert numbers(uid_set(sorted(uids))) == sorted(uids)


@given(st.sets(st.integers(1, 3000)), st.integers(1, 50))
def test_windows_hold_all_and_stay_short(uids: set[int], most: int) -> None:
    windows = list(short_sets(sorted(uids), most))
    assert [uid for window in windows for uid in window] == sorted(uids)
    assert all(0 < len(window) <= most and len(uid_set(window)) <= 4000 for window in windows)


def test_far_apart_uids_make_short_lines() -> None:
    windows = list(short_sets(range(1_000_000_000, 1_000_100_000, 7), 100_000))
    assert max(len(uid_set(window)) for window in windows) <= 4000


def test_answers_that_nobody_asked_for_change_nothing() -> None:
    noise = [
        response(b"FETCH", b"(FLAGS (\\Seen))", number=1),
        response(b"FETCH", b"(UID 1 FLAGS (\\Seen))", number=1),
        response(b"FETCH", b"(UID 9 BODY[] {1}", b"x", b")", number=2),
        response(b"FETCH", b"(BODY[] {1}", b"x", b")", number=1),
        response(b"FETCH", b"(UID 1 BODY[] {3}", b"one", b")", number=1),
        response(b"FETCH", b"(UID 1 BODY[] {5}", b"again", b")", number=1),
        response(b"EXISTS", b"", number=5),
    ]

    def ask(command: bytes, take: Callable[[Response], None] | None) -> Completion:
        assert take is not None
        for answer in noise:
            take(answer)
        return OK

    found = []

    def keep(uid: int, items: dict[bytes, bytes | Body | None]) -> bool:
        if b"BODY[]" in items:
            found.append((uid, items[b"BODY[]"]))
        return b"BODY[]" in items

    assert fetch_each(ask, [1], b"(BODY.PEEK[])", keep) == {}
    assert found == [(1, b"one")]


def test_files_of_a_request_that_fails_are_given_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Warnings are errors here: a file left open fails the test."""
    monkeypatch.setattr(wire_module, "SPOOL_ABOVE", 3)
    said = [b"* 1 FETCH (UID 1 BODY[] {4}\r\n", b"* 2 FETCH (FLAGS () {4}\r\n"]

    class Dying:
        def readline(self) -> bytes:
            return said.pop(0) if said else b""

        def read(self, size: int) -> bytes:
            said.insert(0, b")\r\n")
            return b"1234"

        def send(self, data: bytes) -> None:
            pass

    wire = wire_module.Wire(Dying(), spool=tmp_path)

    def ask(command: bytes, take: Callable[[Response], None] | None) -> Completion:
        try:
            return wire.run(command, take)
        except LostError as error:
            raise EndpointError(Failure(Action.RETRY, "LOST", "lost")) from error

    with pytest.raises(EndpointError):
        list(Bodies(ask, None).fetch([SourceMessage(uid, 4, None, Flags()) for uid in (1, 2)]))
