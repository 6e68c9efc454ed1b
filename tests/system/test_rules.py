"""What the batch file leaves out or sends elsewhere, and what becomes of it when the rules change."""

from collections import Counter
from datetime import timedelta

from tests.servers.dovecot import Dovecot
from tests.servers.mail import quoted, sure
from tests.system.letters import FIRST, letter, letters
from tests.system.program import Program
from tests.system.sides import Destination, Imap, at_source, path_of, places


def test_rules_leave_out_and_are_judged_anew(
    program: Program, dovecot_dot: Dovecot, destination: Destination, user: str
) -> None:
    source = dovecot_dot
    fine = letter("fine", days=10)
    below = letter("below", folder=source.wire("Team", "North"), days=10)
    left_out = [
        letter("large", days=10, filler=40_000),
        letter("deleted", days=10, flags={"\\Deleted"}),
        letter("early", days=1),
        letter("late", days=20),
    ]
    elsewhere = [
        letter("secret", folder=source.wire("Team", "Secret"), days=10),
        letter("private", folder=source.wire("Private"), days=10),
    ]
    source.load(user, [fine, *left_out, below, *elsewhere])
    batch = destination.batch(source, user)
    file = program.batch(
        batch
        | {
            "options": batch["options"]
            | {
                "include_folders": ["INBOX", "Team"],
                "exclude_folders": ["**/Secret"],
                "max_message_size": "20 KB",
                "received_since": FIRST + timedelta(days=5),
                "received_before": FIRST + timedelta(days=15),
            }
        }
    )
    first = program.migrate(file)
    assert places(destination.read(user)) == Counter({("INBOX", fine.data): 1, ("Team/North", below.data): 1})
    assert first.counts() == {"copied": 2, "skipped": 4}
    assert sorted(event["text"].split("(")[-1].rstrip(")") for event in first.kinds("message.skipped")) == [
        "20.0 KB",
        "received_before",
        "received_since",
        "skip_deleted",
    ]
    skipped = {event["folder"]: event["text"] for event in first.kinds("folder.skipped")}
    assert skipped["Private"] == "not in include_folders"
    assert skipped["Team/Secret"] == "in exclude_folders (**/Secret)"
    again = program.migrate(program.batch(batch | {"options": batch["options"] | {"skip_deleted": False}}))
    assert again.counts() == {"copied": 8}
    assert destination.sent(user) == 8
    assert places(destination.read(user)) == at_source(source, user)


def test_the_newest_messages_only_and_folders_sent_elsewhere(
    program: Program, dovecot: Dovecot, destination: Destination, user: str
) -> None:
    dovecot.load(user, [*letters(4), *letters(4, "Projects/Old"), *letters(2, "Projects/Old/1999"), *letters(3, "In")])
    batch = destination.batch(dovecot, user)
    batch["options"] |= {
        "max_items_per_mailbox": 9,
        "folder_map": {"Projects/Old": "Archive/Projects", "In": "INBOX"},
    }
    file = program.batch(batch)
    first = program.migrate(file)
    assert first.counts() == {"copied": 9, "skipped": 4}
    assert Counter(found.folder for found in destination.read(user)) == Counter(
        {"INBOX": 5, "Archive/Projects": 3, "Archive/Projects/1999": 1}
    )
    oldest = {record.received for record in letters(2)}
    assert [found for found in destination.read(user) if found.received == min(oldest)] == []
    dovecot.load(user, [letter("later, and older than all", days=-100)])
    assert program.migrate(file).counts() == {"copied": 10, "skipped": 4}


def test_folders_are_made_and_subscribed_as_they_were(
    program: Program, dovecot_dot: Dovecot, second_dovecot: Dovecot, user: str
) -> None:
    dovecot_dot.load(user, letters(1, dovecot_dot.wire("Read", "Often")))
    with dovecot_dot.client(user) as client:
        for path in ("Empty", "Empty.Below", "Forgotten"):
            sure(client.create(quoted(f"INBOX.{path}")))
        sure(client.subscribe('"INBOX.Empty.Below"'))
    program.migrate(program.batch(Imap(second_dovecot).batch(dovecot_dot, user)))
    there = Imap(second_dovecot).folders(user)
    assert {"Read", "Read/Often", "Empty", "Empty/Below", "Forgotten"} <= there
    assert subscribed(second_dovecot, f"{user}-new") == subscribed(dovecot_dot, user)


def subscribed(server: Dovecot, login: str) -> set[str]:
    with server.client(login) as client:
        lines = sure(client.lsub())
    return {path_of(server, line.split(b'" ', 1)[1].strip(b'"').decode()) for line in lines}
