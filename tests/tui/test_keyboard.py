"""What a terminal sends, and what none should."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import _parser, events
from textual.message import Message

from tui.keyboard import Keyboard


def keys(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


def pressed(*pieces: bytes) -> list[str]:
    """The keys that come of pieces, read one after the other."""
    keyboard = Keyboard()
    return [key for piece in pieces for key in keys(keyboard.take(piece))]


def test_keys_come_in_any_pieces() -> None:
    assert pressed(b"q\x1b[A", b"\x1b", b"[B", "ü".encode()[:1], "ü".encode()[1:]) == ["q", "up", "down", "ü"]


def test_a_lone_esc_is_the_key_once_nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard = Keyboard()
    assert keyboard.take(b"\x1b") == keyboard.wait() == []
    later = time.monotonic() + 10
    monkeypatch.setattr(_parser, "get_time", lambda: later)
    assert keys(keyboard.wait()) == ["escape"]


def test_bytes_of_another_encoding_are_no_end() -> None:
    assert pressed(b"\xe9a", b"\xff", b"b") == ["replacement_character", "a", "replacement_character", "b"]
    (paste,) = Keyboard().take(b"\x1b[200~\xff\x00pw\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert paste.text == "\ufffdpw"


@pytest.mark.parametrize(
    "answer",
    [
        b"\x1b]11;rgb:1212/1212/1212\x1b\\",
        b"\x1b]10;rgb:d0d0/d0d0/d0d0\x07",
        b"\x1bP>|xterm(370)\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[48;999999;99999;1;1t",
    ],
)
def test_an_answer_to_somebody_elses_question_presses_no_key(answer: bytes) -> None:
    keyboard = Keyboard()
    assert keyboard.take(answer) == []
    assert keys(keyboard.take(b"q")) == ["q"]


@pytest.mark.parametrize("code", [b"\x1b[1114112u", b"\x1b[99999999999999999999u"])
def test_a_key_that_cannot_be_is_left_out(code: bytes) -> None:
    assert pressed(code + b"q") == ["q"]


@given(st.lists(st.binary(max_size=12) | st.sampled_from([b"\x1b[", b"\x1b[200~", b"\x1b[<", b"9", b";", b"u", b"M"])))
def test_after_whatever_was_sent_keys_are_keys(pieces: list[bytes]) -> None:
    keyboard = Keyboard()
    for piece in pieces:
        keyboard.take(piece)
        keyboard.wait()
    keyboard.take(b"\x1b[201~" + b" " * 40)
    assert keys(keyboard.take(b"q"))[-1:] == ["q"]
