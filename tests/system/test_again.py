"""The second run and the third: what came, went and changed at either side, and nothing copied twice."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.servers.dovecot import Dovecot
from tests.system import old_user
from tests.system.letters import letter, letters
from tests.system.program import Program
from tests.system.sides import Destination, Found, Imap, at_source, places


@pytest.fixture(params=["with CONDSTORE", "without CONDSTORE, INBOX."])
def any_source(request: pytest.FixtureRequest, make_dovecot: Callable[..., Dovecot]) -> Dovecot:
    """A newer server that tells what changed, and an older one that has to be asked for everything."""
    if request.param == "with CONDSTORE":
        server: Dovecot = request.getfixturevalue("dovecot")
        return server
    return make_dovecot(separator=".", prefix="INBOX.", without=("CONDSTORE", "QRESYNC"))


def subject(found: Found) -> str:
    return found.data.split(b"Subject: ")[1].split(b"\r\n")[0].decode()


def test_whatever_people_do_between_two_runs(
    program: Program, any_source: Dovecot, destination: Destination, user: str
) -> None:
    source = any_source
    projects, done = source.wire("Projects"), source.wire("Done")
    inbox = [letter(name) for name in ("unread", "flagged", "moved", "read there", "deleted there", "moved by both")]
    source.load(user, [*inbox, *letters(3, projects), letter("done", folder=done), letter("gone")])
    unread, flagged, moved, read_there, deleted_there, moved_by_both = inbox
    file = program.batch(destination.batch(source, user))

    assert program.migrate(file).text == "11 messages copied."
    assert places(destination.read(user)) == at_source(source, user)
    assert destination.sent(user) == 11

    second = program.run("run", file)
    assert "Nothing new." in second.stdout
    assert "incremental pass ended: nothing new" in second.stderr
    assert destination.sent(user) == 11

    there = {subject(found): found for found in destination.read(user)}
    destination.read_by_user(user, there["read there"])
    destination.deleted_by_user(user, there["deleted there"])
    destination.moved_by_user(user, there["moved by both"], "Mine")
    source.load(user, [letter("new"), letter("new below", folder=projects)])
    old_user.flag(source, user, unread, r"+FLAGS (\Seen)")
    old_user.flag(source, user, flagged, r"+FLAGS (\Flagged)")
    old_user.flag(source, user, read_there, r"+FLAGS (\Flagged)")
    old_user.flag(source, user, deleted_there, r"+FLAGS (\Flagged)")
    old_user.move(source, user, moved, "Done")
    old_user.move(source, user, moved_by_both, "Done")
    old_user.delete(source, user, letter("gone"))
    old_user.rename(source, user, "Projects", "Works")

    sent = destination.sent(user)  # an IMAP user's own move gives a message another UID
    third = program.migrate(file)
    assert third.text == "2 messages copied, flags of 3 messages changed."
    now = destination.read(user)
    assert Counter((found.folder, subject(found)) for found in now) == Counter(
        {
            **{("INBOX", name): 1 for name in ("unread", "flagged", "read there", "new", "gone")},
            **{("Works", name): 1 for name in ("letter 0", "letter 1", "letter 2", "new below")},
            **{("Done", name): 1 for name in ("done", "moved")},
            ("Mine", "moved by both"): 1,
        }
    )
    assert {(subject(found), found.seen, found.flagged) for found in now if found.seen or found.flagged} == {
        ("unread", True, False),
        ("flagged", False, True),
        ("read there", True, True),
    }
    assert "Projects" not in destination.folders(user)
    assert destination.sent(user) == sent + 2 + (any(":" in found.item for found in now))
    # A message that moved is another source key: its old row stays copied and gone, its new one was there.
    assert third.counts() == {"copied": 13, "already_there": 2, "source_gone": 3}

    assert program.migrate(file).text == "Nothing new."
    assert Counter(destination.read(user)) == Counter(now)


def test_new_uids_are_not_new_messages(
    program: Program, dovecot_dot: Dovecot, destination: Destination, user: str
) -> None:
    source, projects = dovecot_dot, dovecot_dot.wire("Projects")
    twice = letter("twice", folder=projects)
    source.load(user, [*letters(4, projects), twice, twice, *letters(4, name="in")])
    file = program.batch(destination.batch(source, user))
    program.run("run", file)
    before = Counter(destination.read(user))
    old_user.make_anew(source, user, "Projects")
    old_user.renumber(source, user)
    again = program.migrate(file)
    assert again.text == "Nothing copied."
    assert Counter(destination.read(user)) == before
    assert again.counts() == {"copied": 10, "already_there": 10, "source_gone": 10}
    old_user.flag(source, user, letters(4, projects)[2], r"+FLAGS (\Flagged)")
    source.load(user, [letter("new")])
    assert program.migrate(file).text == "1 message copied, flags of 1 message changed."
    assert places(destination.read(user)) == at_source(source, user)


def test_another_batch_goes_on_where_the_first_stopped(
    program: Program, dovecot: Dovecot, destination: Destination, user: str
) -> None:
    dovecot.load(user, [*letters(5), *letters(5, "Old"), *letters(5, "Older")])
    first = destination.batch(dovecot, user, name="first")
    first["options"]["include_folders"] = ["INBOX", "Old"]
    assert program.migrate(program.batch(first, "first.toml")).counts() == {"copied": 10}
    second = program.migrate(program.batch(destination.batch(dovecot, user, name="second"), "second.toml"))
    assert (second.text, second.counts()) == ("5 messages copied.", {"copied": 15})
    assert destination.sent(user) == 15
    assert places(destination.read(user)) == at_source(dovecot, user)


def test_a_lost_ledger_sends_nothing_again(
    program: Program, dovecot: Dovecot, destination: Destination, user: str
) -> None:
    twice = letter("twice", folder="Projects/Old")
    dovecot.load(user, [*letters(6), twice, twice, *letters(4, "Projects/Old")])
    file = program.batch(destination.batch(dovecot, user))
    program.run("run", file)
    program.state.rename(program.folder / "lost")
    again = program.migrate(file)
    assert (again.text, again.counts()) == ("Nothing copied.", {"already_there": 12})
    assert destination.sent(user) == 12
    dovecot.load(user, [letter("new"), twice])
    assert program.migrate(file).text == "2 messages copied."
    assert destination.sent(user) == 14
    assert places(destination.read(user)) == at_source(dovecot, user)


def test_a_destination_that_was_renumbered_gets_nothing_twice(
    program: Program, dovecot: Dovecot, second_dovecot: Dovecot, user: str
) -> None:
    destination = Imap(second_dovecot)
    dovecot.load(user, letters(5))
    file = program.batch(destination.batch(dovecot, user))
    program.run("run", file)
    old_user.renumber(second_dovecot, f"{user}-new")
    dovecot.load(user, [letter("new")])
    old_user.flag(dovecot, user, letters(5)[0], r"+FLAGS (\Seen)")
    assert program.migrate(file).text == "1 message copied."
    assert places(destination.read(user)) == at_source(dovecot, user)
