"""Sources that misbehave, in real runs: each message has its outcome, or the mailbox an error that says where and why.

What arrived is read past the program. Many odd mailboxes are moved at once, and none disturbs another.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from core.event import EventKind
from tests.contract.odd_scene import ExchangeTarget, ImapTarget, OddMailbox, OddScene, Target, odd_scene
from tests.servers.dovecot import Dovecot
from tests.servers.odd_source import Box, short_message

TWENTY = range(1, 21)
#: So many messages in a request; `MANY` are three requests.
REQUEST = 100
MANY = range(101, 351)
DONE = b"TAG OK done\r\n"
GOOD_BYE = b"* BYE see you\r\nCLOSE"

LIST, SEARCH, DESCRIBE, FETCH = "LIST ", "UID SEARCH ALL", "(FLAGS INTERNALDATE", "(BODY.PEEK[])"


@pytest.fixture
def scene(
    make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OddScene]:
    monkeypatch.setattr("core.sync.fetching.REQUEST_MESSAGES", REQUEST)
    with odd_scene(user, tmp_path, monkeypatch, ImapTarget(make_dovecot(fsync="optimized"))) as scene:
        yield scene


@pytest.fixture(params=["imap", "exchange"])
def either(
    request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OddScene]:
    """To both kinds of destination."""
    target: Target
    if request.param == "imap":
        target = ImapTarget(request.getfixturevalue("make_dovecot")(fsync="optimized"))
    else:
        target = ExchangeTarget(request.getfixturevalue("practice_exchange"))
    with odd_scene(user, tmp_path, monkeypatch, target) as scene:
        yield scene


def mail(uids: Iterable[int]) -> list[bytes]:
    return [short_message(uid) for uid in uids]


class At:
    """When a command comes that holds some text, `do` gets the true answer and says what is sent.

    The first time is number `time`, and it is done so many `times`.
    """

    def __init__(self, text: str, do: Callable[[bytes], bytes], *, time: int = 1, times: int = 1) -> None:
        self._text = text
        self._do = do
        self._came = 0
        self._at = range(time, time + times)

    def __call__(self, command: str, answer: bytes) -> bytes:
        if self._text not in command:
            return answer
        self._came += 1
        return self._do(answer) if self._came in self._at else answer


def always(text: str, said: bytes) -> At:
    return At(text, lambda _: said, times=1 << 30)


def once(text: str, said: bytes) -> At:
    return At(text, lambda _: said)


# --- folders that are not what they were --------------------------------------------------------------------------


def test_an_inbox_that_is_listed_twice_is_one(scene: OddScene) -> None:
    """INBOX is the same folder in any case."""
    odd = scene.mailbox()
    odd.account.boxes = {b"Inbox": Box(TWENTY), b"Other": Box(MANY)}
    odd.account.boxes[b"INBOX"] = odd.account.boxes[b"Inbox"]
    scene.run()
    odd.has(("INBOX", mail(TWENTY)), ("Other", mail(MANY)))


def test_uidvalidity_changes(scene: OddScene) -> None:
    cases = [(scene.mailbox(), at, says) for at in (SEARCH, DESCRIBE, FETCH) for says in (True, False)]
    for odd, at, says in cases:
        odd.say(At(at, renumbering(odd, says=says), time=2 if at == FETCH else 1))
    scene.run()
    for odd, _, _ in cases:
        odd.has(("INBOX", mail(MANY)))
        assert not odd.counts.keys() & {"pending", "rejected"}
        (told,) = odd.told(EventKind.FOLDER_VALIDITY_CHANGED)
        assert told == "UIDVALIDITY changed from 7 to 8: messages are known again by their bytes"


def renumbering(odd: OddMailbox, *, says: bool) -> Callable[[bytes], bytes]:
    """All messages get new numbers; the server says so, or hangs up."""
    box = odd.box()
    numbers = {uid: uid for uid in MANY}
    box.uids, box.message = MANY, lambda uid: short_message(numbers[uid])

    def renumber(answer: bytes) -> bytes:
        numbers.update(zip(range(1001, 1001 + len(MANY)), reversed(MANY), strict=True))
        box.uids, box.uidvalidity = range(1001, 1001 + len(MANY)), 8
        return b"* OK [UIDVALIDITY 8] all new\r\n" + answer if says else GOOD_BYE

    return renumber


def test_a_folder_goes_in_the_middle(scene: OddScene) -> None:
    places = ('EXAMINE "Old"', SEARCH, DESCRIBE, FETCH)
    cases = [(scene.mailbox(), at, to) for at in places for to in (None, b"Attic")]
    for odd, at, to in cases:
        odd.account.boxes |= {b"INBOX": Box(TWENTY), b"Old": Box(MANY, uidvalidity=9)}
        odd.say(At(at, going(odd, to), time={SEARCH: 2, DESCRIBE: 2, FETCH: 3}.get(at, 1)))
    scene.run()
    for odd, at, to in cases:
        if to is not None:
            odd.has(("INBOX", mail(TWENTY)), ("Attic", mail(MANY)))
            assert odd.counts == {"copied": len(TWENTY) + len(MANY)}
        else:
            before = [data for folder, data in odd.there() if folder != "INBOX"]  # what came through until then
            assert before == [] or at == FETCH
            odd.has(("INBOX", mail(TWENTY)), ("Old", before))
            assert odd.counts.get("copied") == len(TWENTY) + len(before)
            assert not odd.counts.keys() & {"pending", "rejected"}
            assert bool(odd.told(EventKind.FOLDER_GONE)) == (at in {SEARCH, DESCRIBE, FETCH}), "else it was not known"


def going(odd: OddMailbox, to: bytes | None) -> Callable[[bytes], bytes]:
    """The folder Old is renamed, or deleted."""

    def go(_: bytes) -> bytes:
        box = odd.account.boxes.pop(b"Old")
        if to is not None:
            odd.account.boxes[to] = box
        return GOOD_BYE

    return go


def test_a_folder_that_is_never_the_same_twice(scene: OddScene) -> None:
    odd = scene.mailbox()
    odd.account.boxes |= {b"INBOX": Box(TWENTY), b"Mad": Box(TWENTY)}

    def change(_: bytes) -> bytes:
        odd.box(b"Mad").uidvalidity += 1
        return GOOD_BYE

    odd.say(At(FETCH, change, times=1000))
    scene.run(exit_code=1)
    assert "the source's folders change faster than they can be listed (Mad: UIDVALIDITY was" in odd.error


# --- answers that are not the whole -------------------------------------------------------------------------------


def test_what_never_gets_better_is_an_error_that_says_where_and_why(scene: OddScene) -> None:
    """It is waited for as a link is, and given up."""
    cases = [
        (SEARCH, b"* SEARCH\r\n" + DONE, "folder INBOX: the server says that the folder holds 40 messages and lists 0"),
        (SEARCH, DONE, "folder INBOX: the server says that the folder holds 40 messages and lists 0"),
        (SEARCH, b"* SEARCH 1 2 39 40\r\n" + DONE, "folder INBOX: the server says that the folder holds 40 messages"),
        (SEARCH, b"* SEARCH 0 " + b"7" * 5000 + b"\r\n" + DONE, "holds 40 messages and lists 0"),
        (SEARCH, b"TAG NO the index is broken\r\n", "folder INBOX: the server refuses this (the index is broken)"),
        (SEARCH, b"x" * (1 << 20) + b"CLOSE", "folder INBOX: the connection was lost"),
        (LIST, DONE, "the server lists no folder at all, not even INBOX"),
        (LIST, b"TAG NO out of order\r\n", "the server refuses this (out of order)"),
        (LIST, b"* LIST nonsense\r\n" + DONE, "the server answers what is not IMAP (not a folder"),
        ("EXAMINE", b"* 0 EXISTS\r\n" + DONE, "folder INBOX: the server gives a folder no UIDVALIDITY"),
        ("EXAMINE", b"* OK [UIDVALIDITY 7] x\r\n" + DONE, "folder INBOX: the server does not say how many messages"),
        (
            "EXAMINE",
            b"TAG NO the index is broken\r\n",
            "INBOX: the server refuses this (the index is broken); repair the",
        ),
        (DESCRIBE, b"garbage\r\n" + DONE, "folder INBOX: the server answers what is not IMAP"),
        ("BODY.PEEK", b"\0\xff\xfe\r\n" + DONE, "folder INBOX: the server answers what is not IMAP"),
        ("BODY.PEEK", b"TAG NO the disk is broken\r\n", "folder INBOX: the source cannot read any of its messages"),
        ("BODY.PEEK", b"* BYE go away\r\nCLOSE", "folder INBOX: the server closed the connection (go away)"),
    ]
    odds = scene.mailboxes(len(cases), range(1, 41))
    for odd, (at, said, _) in zip(odds, cases, strict=True):
        odd.say(always(at, said))
    scene.run(exit_code=1)
    for odd, (_, _, error) in zip(odds, cases, strict=True):
        assert odd.error.startswith(f"source 127.0.0.1:{scene.source.port}: ")
        assert error in odd.error
        assert set(odd.counts) <= {"pending"}
        assert odd.there() == {}
        odd.say_the_truth()
    scene.run()
    for odd in odds:
        assert odd.counts == {"copied": 40}
        odd.has(("INBOX", mail(range(1, 41))))


def test_what_gets_better_costs_nothing(scene: OddScene) -> None:
    cases = [
        (SEARCH, b"* SEARCH\r\n" + DONE),
        (SEARCH, b"* SEARCH 1 2 3\r\n" + DONE),
        (SEARCH, b"CLOSE"),
        (LIST, DONE),
        (LIST, b'* LIST () "/\nTAG OK done\r\n'),
        ("EXAMINE", b"TAG NO [SERVERBUG] try again\r\n"),
        (DESCRIBE, DONE),
        (DESCRIBE, b"* BYE going down\r\nCLOSE"),
        (FETCH, DONE),
        (FETCH, b"garbage\r\n" + DONE),
        (FETCH, b"TAG NO just now I cannot\r\n"),
        (FETCH, b"* BYE going down\r\nCLOSE"),
    ]
    odds = scene.mailboxes(len(cases), TWENTY)
    for odd, case in zip(odds, cases, strict=True):
        odd.say(once(*case))
    scene.run()
    for odd in odds:
        assert odd.counts == {"copied": 20}
        odd.has(("INBOX", mail(TWENTY)))


def test_numbers_that_are_others_for_once_copy_nothing_again(either: OddScene) -> None:
    """The server says in one pass that a folder's messages are new ones, and takes it back in the next."""
    lies = [(b"UIDVALIDITY 7", b"UIDVALIDITY 8"), (b"UIDNEXT 21", b"UIDNEXT 1"), (b"20 EXISTS", b"0 EXISTS")]
    odds = either.mailboxes(len(lies), TWENTY)
    either.run()
    for odd, lie in zip(odds, lies, strict=True):
        odd.say(lambda _, answer, lie=lie: answer.replace(*lie))  # type: ignore[misc]
    either.run()
    for odd in odds:
        odd.has(("INBOX", mail(TWENTY)))
        odd.say_the_truth()
    either.run()
    for odd in odds:
        odd.has(("INBOX", mail(TWENTY)))
        assert not odd.counts.keys() & {"pending", "rejected", "vanished"}


def test_later_a_short_answer_takes_nothing_for_gone(scene: OddScene) -> None:
    cases = [(SEARCH, b"* SEARCH\r\n" + DONE), (SEARCH, b"* SEARCH 21\r\n" + DONE), (LIST, DONE)]
    odds = scene.mailboxes(len(cases), TWENTY)
    scene.run()
    for odd, case in zip(odds, cases, strict=True):
        odd.box().uids = range(1, 22)
        odd.say(always(*case))
    scene.run(exit_code=1)
    for odd in odds:
        assert (odd.counts, odd.view.counts.source_gone) == ({"copied": 20}, 0)
        assert odd.told(EventKind.FOLDER_GONE) == []
        odd.say_the_truth()
    scene.run()
    for odd in odds:
        assert (odd.counts, odd.view.counts.source_gone) == ({"copied": 21}, 0)
        odd.has(("INBOX", mail(range(1, 22))))


# --- single messages ----------------------------------------------------------------------------------------------


def test_messages_vanish_between_list_and_fetch(scene: OddScene) -> None:
    left = [*range(1, 5), *range(9, 21)]
    odds = scene.mailboxes(2, TWENTY)
    for odd, says in zip(odds, (True, False), strict=True):

        def delete(answer: bytes, odd: OddMailbox = odd, says: bool = says) -> bytes:
            odd.box().uids = left
            return b"* 5 EXPUNGE\r\n" * 4 * says + without(answer, range(5, 9))

        odd.say(At(FETCH, delete))
    scene.run()
    for odd in odds:
        assert odd.counts == {"copied": 16, "vanished": 4}
        odd.has(("INBOX", mail(left)))


def without(answer: bytes, uids: Iterable[int]) -> bytes:
    """A FETCH answer without those of some messages."""
    lines = answer.split(b"* ")
    return b"* ".join(line for line in lines if not any(b"FETCH (UID %d " % uid in line for uid in uids))


def test_some_messages_could_not_be_fetched(scene: OddScene) -> None:
    """Servers hang up after so many refusals; not one message more is lost for that."""
    bad = (7, 8, 30)
    cases = [
        (at, gives, patience) for at in (FETCH, "FETCH") for gives in (True, False) for patience in (1, 2, 3, 1000)
    ]
    odds = scene.mailboxes(len(cases), range(1, 41))
    for odd, (at, gives, patience) in zip(odds, cases, strict=True):
        odd.say(refusing(at, bad, patience, gives_others=gives))
    scene.run(exit_code=1)
    for odd in odds:
        assert odd.counts == {"copied": 37, "rejected": 3}, odd.seen
        odd.has(("INBOX", mail(uid for uid in range(1, 41) if uid not in bad)))
        told = odd.told(EventKind.MESSAGE_REJECTED)
        assert len(told) == 3
        assert all("cannot read this message (Some messages could not be FETCHed)" in text for text in told)


def refusing(at: str, bad: Iterable[int], patience: int, *, gives_others: bool) -> Callable[[str, bytes], bytes]:
    """NO to whatever holds one of these messages, and the connection ends after so many."""
    refused = 0

    def tongue(command: str, answer: bytes) -> bytes:
        nonlocal refused
        given = without(answer, bad)
        if at not in command or given == answer:
            return answer
        refused += 1
        end = b"" if refused % patience else b"* BYE too many errors\r\nCLOSE" if refused % 2 else b"CLOSE"
        return (
            (given.removesuffix(DONE) if gives_others else b"") + b"TAG NO Some messages could not be FETCHed\r\n" + end
        )

    return tongue


def test_a_literal_whose_length_is_a_lie(scene: OddScene) -> None:
    """Such a message is neither cut short nor filled up in silence, nor does it hold up the others."""
    cases = [(off, end) for off in (-1, -2, -30, 1, 9, 20_000) for end in (b"", b"no line end")]
    odds = scene.mailboxes(len(cases), TWENTY)
    for odd, (off, end) in zip(odds, cases, strict=True):
        odd.box().message = lambda uid, end=end: short_message(uid) + end  # type: ignore[misc]
        odd.say(lying(odd.box().message(7), off))
    scene.run(exit_code=1)
    for odd, (off, end) in zip(odds, cases, strict=True):
        assert odd.counts == {"copied": 19, "rejected": 1}, (off, end)
        odd.has(("INBOX", [short_message(uid) + end for uid in TWENTY if uid != 7]))
        (told,) = odd.told(EventKind.MESSAGE_REJECTED)
        did = "the server falls silent" if off == 20_000 else "the server's answer cannot be read"
        assert told.startswith(f"the source cannot give it: {did} each time this message is asked for")


def lying(data: bytes, off: int) -> Callable[[str, bytes], bytes]:
    truth, lie = (b"{%d}\r\n%b" % (size, data) for size in (len(data), len(data) + off))
    return lambda command, answer: answer.replace(truth, lie)


def test_sizes_that_are_lies(scene: OddScene) -> None:
    lies = (0, 1, 10_000_000, 10**17, 10**30)
    odds = scene.mailboxes(len(lies), TWENTY)
    for odd, said in zip(odds, lies, strict=True):
        odd.box().size = lambda _, said=said: said
    scene.run()
    for odd in odds:
        assert odd.counts == {"copied": 20}
        odd.has(("INBOX", mail(TWENTY)))


def test_a_large_message_under_a_wrong_size(scene: OddScene) -> None:
    """Large ones go through a file, small ones through memory, whatever was announced."""
    large = short_message(2) + (b"0123456789" * 7 + b"\r\n") * 130_000
    lies = (0, 100, 20 << 20)
    odds = scene.mailboxes(len(lies), range(1, 4))
    for odd, said in zip(odds, lies, strict=True):
        odd.box().size = lambda _, said=said: said
        odd.box().message = lambda uid: large if uid == 2 else short_message(uid)
    scene.run()
    for odd in odds:
        assert odd.counts == {"copied": 3}
        odd.has(("INBOX", [short_message(1), large, short_message(3)]))


def test_a_limit_is_about_the_message_and_not_about_what_is_said_of_it(scene: OddScene) -> None:
    odd = scene.mailbox()
    odd.box().uids, odd.box().size = (1, 2, 3), lambda uid: 5000 if uid == 2 else 100
    odd.box().message = lambda uid: short_message(uid) + b"x" * (5000 if uid == 1 else 0) + b"\r\n"
    scene.run(max_message_size="4 KB")
    assert odd.counts == {"copied": 1, "skipped": 2}
    odd.has(("INBOX", [short_message(3) + b"\r\n"]))
    told = odd.told(EventKind.MESSAGE_SKIPPED)
    assert sorted(told) == [f"{size} is more than max_message_size (4.0 KB)" for size in ("4.9 KB", "4.9 KB")]


# --- what nobody asked for ----------------------------------------------------------------------------------------

NOISE = (
    b"* 3 FETCH (FLAGS (\\Deleted))\r\n"
    b"* 4 FETCH (UID 4 FLAGS (\\Deleted \\Draft))\r\n"
    b"* 5 FETCH (BODY[] {4}\r\nlies)\r\n"
    b"* 6 FETCH (UID 9999 BODY[] {4}\r\nlies RFC822.SIZE 4)\r\n"
    b"* FLAGS (\\Answered)\r\n* 5 RECENT\r\n* OK still here\r\n* NO [WARNING] disk is getting full\r\n"
    b"* OK [ALERT] the server goes down tonight\r\n* BAD nobody knows what this is\r\n* X-NOISE {3}\r\nabc\r\n"
    b'\r\n* SEARCH\r\n* LIST () "/" Nowhere\r\n* 99999999999999999999999 EXISTS\r\n'
    b"* VANISHED (EARLIER) 1:4294967295\r\n"
)


def test_what_nobody_asked_for_changes_nothing(scene: OddScene) -> None:
    odd = scene.mailbox()
    odd.box().uids = TWENTY
    odd.say(lambda command, answer: answer if command.startswith(("LIST", "LSUB", "LOGOUT")) else NOISE + answer)
    for _ in range(2):
        scene.run()
        assert odd.counts == {"copied": 20}
        odd.has(("INBOX", mail(TWENTY)))
    said = f"source 127.0.0.1:{scene.source.port}: the server says: the server goes down tonight"
    assert odd.told(EventKind.MAILBOX_ALERT) == [said] * 2, "once a run"


def test_mail_that_comes_and_goes_while_it_is_read(scene: OddScene) -> None:
    odd = scene.mailbox()
    odd.box().uids = TWENTY

    def move_on(answer: bytes) -> bytes:
        odd.box().uids = range(4, 26)
        return answer.replace(b"TAG", b"* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 22 EXISTS\r\nTAG")

    odd.say(At(DESCRIBE, move_on))
    scene.run()
    assert odd.counts == {"copied": 17, "vanished": 3}
    scene.run()
    assert odd.counts == {"copied": 22, "vanished": 3}
    odd.has(("INBOX", mail(range(4, 26))))


# --- names --------------------------------------------------------------------------------------------------------

#: As LIST may name folders. Each is one; the first four would be two to a reader.
NAMES = (
    *(b"M&APw-ll", "Müll".encode(), b"M\xfcll", "Mu\u0308ll".encode()),
    *(b"&Jjo", b"&!!-", b"&AAA-", b"&2D0-", b"R&D", b"&-", b"&2D3eAA-"),
    *(b"a\x01b", b"tab\there", b"bell\x07\x1b[2J", b"two\r\nlines", b"del\x7f", "right\u202eto left".encode()),
    *(b"case", b"CASE", b"Case", b"case/below", b"CASE/below"),
    *(b"long" * 50, b"long" * 63, b"long" * 250, b"/".join([b"deep"] * 30)),
    *(b"a//b", b"/leading", b"trailing/", b"dot.dot", b"..", b"new", b"cur/tmp"),
    *(b" blank", b"blank ", b"  ", b'quo"te', b"back\\slash", b"{3}", b"%", b"*", b"~root", b"a:b", b"INBOX/INBOX"),
)


def test_names_that_are_none(either: OddScene) -> None:
    """Each folder arrives as one, under a name that the destination takes."""
    odd = either.mailbox()
    odd.account.boxes |= {name: Box(range(10 * at + 1, 10 * at + 3)) for at, name in enumerate(NAMES, 1)}
    for _ in range(2):
        either.run()
        assert odd.counts == {"copied": 2 * len(NAMES)}
        there = odd.there()
        assert sorted(there.values()) == [1] * 2 * len(NAMES)
        places = {name: {folder for folder, data in there if data in mail(odd.box(name).uids)} for name in NAMES}
        assert {len(folders) for folders in places.values()} == {1}
        assert len(set.union(*places.values())) == len(NAMES)
