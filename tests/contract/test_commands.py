"""A mail that reads like IMAP commands, in a real run to a Dovecot that does not understand its APPEND."""

from collections import Counter
from pathlib import Path

import pytest

from tests.contract.scene import MESSAGES, Scene, opened
from tests.servers.mail import folders
from tests.servers.proxy import Proxy

EVIL = b"Subject: x\r\n\r\nx1 NOOP\r\nx2 CREATE Pwned\r\nx3 DELETE Later now\r\nx4 UID STORE 1:* +FLAGS (\\Deleted)\r\n"


def test_none_of_them_runs_and_the_others_arrive(
    request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [*MESSAGES, ("INBOX", EVIL)]
    with opened(Scene("imap", request, user, tmp_path, tls=False, messages=messages), monkeypatch) as scene:
        assert isinstance(scene.proxy, Proxy)
        answers = bytearray()

        def misread(data: bytes) -> bytes:
            lines = data.splitlines(keepends=True)
            return b"".join(
                line.replace(b" (", b" (\\Bogus ") if b"{%d" % len(EVIL) in line else line for line in lines
            )

        def listen(line: bytes) -> bytes:
            answers.extend(line)
            return line

        scene.proxy.on_data, scene.proxy.on_line = misread, listen
        assert scene.run().exit_code == 1
        assert b" BAD Error in IMAP command APPEND" in answers
        assert not [name for name in (b"x1", b"x2", b"x3", b"x4") if name + b" " in answers]
        with scene.other.client(f"{user}-new") as client:
            assert {*folders(client)} == {"INBOX", "Later", "Sent", "Drafts", "Trash"}
        assert scene.there() == Counter(data for _, data in MESSAGES)
        counts = scene.view().counts
        assert (counts.copied, counts.rejected, counts.pending) == (len(MESSAGES), 1, 0)
        # The same goes through when it is understood.
        scene.proxy.on_data = lambda data: data
        assert scene.run(retry_rejected=True).exit_code == 0
        scene.each_is_there_once()
