"""A pass between servers that compress (RFC 4978) and are far away: as any other, with fewer bytes on the way."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import Faults
from tests.servers.imap_server import ImapServer
from tests.servers.lane import Lane
from tests.servers.mail import Record
from tests.system.letters import letters, spread
from tests.system.program import Program, to_imap

FAR = Faults(latency=0.02)


class Counted(FaultProxy):
    """A link that is far away and counts its bytes."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self.host = "127.0.0.1"
        self.carried = 0

    def look(self, lane: Lane, data: bytes) -> Iterator[bytes]:
        self.carried += len(data)
        yield data


def mail(corpus: list[bytes]) -> list[Record]:
    """Real mail, and one that is larger than what is held in memory and much smaller on the way."""
    text = b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * 300_000
    return [Record(data, ("INBOX", "Old", "Sent")[number % 3]) for number, data in enumerate([*corpus[::8], text])]


def test_each_message_arrives_byte_for_byte(
    make_dovecot: Callable[..., Dovecot], program: Program, corpus: list[bytes], user: str
) -> None:
    source, destination = make_dovecot(compress=True), make_dovecot(compress=True, fsync="optimized")
    source.load(user, mail(corpus))
    assert moved(source, destination, program, user) < sum(len(record.data) for record in mail(corpus)) / 2
    assert what(destination, f"{user}-new") == what(source, user)


def test_another_server_does_it_too(cyrus: ImapServer, program: Program, user: str) -> None:
    records = spread(letters(60, filler=4000), "INBOX", "Old")
    cyrus.load(user, records)
    assert moved(cyrus, cyrus, program, user) < sum(len(record.data) for record in records) / 2
    assert what(cyrus, f"{user}-new") == what(cyrus, user)


def moved(source: ImapServer, destination: ImapServer, program: Program, user: str) -> int:
    """How many bytes were on the two links together when all of it was moved."""
    with ExitStack() as stack:
        links = [stack.enter_context(Counted(server.port)) for server in (source, destination)]
        for link in links:
            link.faults = FAR
        migrated = program.migrate(program.batch(to_imap(links[0], links[1], user)))
        carried = sum(link.carried for link in links)
    said = [event["text"] for event in migrated.kinds("library")]
    for side, link, name in zip(("source", "destination"), links, (user, f"{user}-new"), strict=True):
        words = f"{side} 127.0.0.1:{link.port}: {name}'s connection is compressed, as the quickest answer took "
        assert any(words in text for text in said), said
    return carried


def what(server: ImapServer, user: str) -> Counter[tuple[str, bytes, frozenset[str]]]:
    return Counter((record.folder, record.data, record.flags) for record in server.read(user))
