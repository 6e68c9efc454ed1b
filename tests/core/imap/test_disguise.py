import pytest

from core.imap.disguise import holds_command


@pytest.mark.parametrize(
    "line",
    [
        b"x1 NOOP",
        b"Subject: DELETE Trash",
        b"> create five",
        b"a rename two zwei drei",
        b"c1] CREATE x",
        b"x UID STORE 1:* +FLAGS (\\Deleted) and more",
        b"x uid expunge 1:*",
        b"x MOVE 1 Trash",
        b"x COPY * INBOX",
        b"x STORE $ +FLAGS (\\Deleted)",
        b"x FETCH 1 BODY[]",
        b"x EXPUNGE",
        b"x close now please",
        b"x APPEND INBOX (\\Seen) {3+}",
        b"x SETACL INBOX bob lrswipkxtecda",
        b"x SUBSCRIBE foo",
        b"x LOGOUT",
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b""])
def test_what_a_server_could_carry_out(line: bytes, end: bytes) -> None:
    assert holds_command(line + end)
    assert holds_command(b"Subject: x\r\n\r\ntext\n" + line + end)
    assert holds_command(b"Subject: x\r\n\r\n" + line + b"\r\ntext\r\n")
    assert not holds_command(b"Subject: x\r\n\r\nno! " + line + end)


@pytest.mark.parametrize(
    "line",
    [
        b"Precedence: list",
        b"please delete",
        b"just store this",
        b"to move mountains",
        b"we append a line",
        b"the check is in the mail",
        b"I fetch water",
        b" x CREATE y",
        b"create y",
        b"",
    ],
)
def test_what_none_would(line: bytes) -> None:
    assert not holds_command(b"Subject: x\r\n\r\n" + line + b"\r\n")
