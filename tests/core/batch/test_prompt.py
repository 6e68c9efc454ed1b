import errno
import os
import pty
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.batch import prompt
from core.batch.secrets import resolve
from core.errors import SecretError
from core.secret import Secret

CHECKOUT = Path(__file__).resolve().parents[3]
ASK = """
import fcntl, os, sys, termios
if sys.argv[1] == "terminal":
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv[2] == "background" and (child := os.fork()):
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
elif sys.argv[2] == "background":
    os.setpgid(0, 0)
from pathlib import Path
from core.batch.secrets import resolve
from core.errors import SecretError
for text in sys.argv[3:]:
    try:
        print(resolve(f"prompt:{text}", base=Path(), user="ann").reveal(), flush=True)
    except SecretError as error:
        print(error, flush=True)
"""


@pytest.fixture(autouse=True)
def _no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "_answers", {})


def rest(terminal: int) -> bytes:
    """What it shows until its end, which Linux reports as EIO."""
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError as error:
            if error.errno == errno.EIO:
                return shown
            raise
        shown += piece


def at_terminal(*talk: tuple[str, bytes], where: str = "foreground") -> tuple[list[str], str]:
    """What a process with a terminal of its own prints when `talk` is asked and typed, and what the terminal shows."""
    ours, theirs = pty.openpty()
    shown = b""
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", ASK, "terminal", where, *(text for text, _ in talk)],
            cwd=CHECKOUT,
            stdin=theirs,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        os.close(theirs)
        for text, typed in talk:
            new = b""  # typed before it is asked, it would be thrown away
            while typed and f"{text}: ".encode() not in new:
                new += os.read(ours, 4096)
            os.write(ours, typed)
            shown += new
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        shown += rest(ours)
        return out.decode().splitlines(), shown.decode()
    finally:
        os.close(ours)


def test_it_asks_at_the_terminal_and_shows_nothing_of_what_is_typed() -> None:
    out, shown = at_terminal(("Ann's password", b" p\xc3\xa4ss \n"))
    assert out == [" p\u00e4ss "]
    assert shown.startswith("Ann's password: ")
    assert "ss" not in shown.removeprefix("Ann's password: ")


def test_each_text_is_asked_once() -> None:
    out, shown = at_terminal(("Ann", b"one\n"), ("Bob", b"two\n"), ("Ann", b""))
    assert out == ["one", "two", "one"]
    assert shown.count("Ann: ") == 1


def test_nothing_typed_is_no_secret_and_asked_again() -> None:
    out, shown = at_terminal(("Ann", b"\n"), ("Bob", b"\x04"), ("Carol", b"x\n"), ("Ann", b"one\n"))
    assert out == ["prompt:Ann: nothing was typed", "prompt:Bob: nothing was typed", "x", "one"]
    assert shown.count("Ann: ") == 2


def test_what_is_typed_in_another_character_set_is_refused() -> None:
    out, shown = at_terminal(("Ann", b"hunter\xe4\n"), ("Bob", b"two\n"))
    assert out == ["prompt:Ann: what was typed is not in the terminal's character set (LANG, LC_ALL)", "two"]
    assert "hunter" not in shown


def test_a_program_in_the_background_is_not_stopped_by_its_question() -> None:
    out, _ = at_terminal(("Ann", b""), where="background")
    assert out == ["prompt:Ann: the terminal belongs to another program; bring this one to the foreground first"]


def test_without_a_terminal_it_says_what_to_use() -> None:
    process = subprocess.run(
        [sys.executable, "-c", ASK, "none", "foreground", "Ann"],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        timeout=60,
        check=True,
    )
    said = b"prompt:Ann: there is no terminal to ask at; use env:, file: or command: instead\n"
    assert (process.stdout, process.stderr) == (said, b"")


def test_an_answer_given_elsewhere_is_taken_until_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def typed(text: str) -> str:
        asked.append(text)
        return "typed"

    monkeypatch.setattr(prompt, "_typed", typed)
    prompt.answer("Ann", Secret("given"))
    assert prompt.answered("Ann")
    assert resolve("prompt:Ann", base=Path(), user="x").reveal() == "given"
    prompt.forget("Ann")
    assert not prompt.answered("Ann")
    assert [resolve("prompt:Ann", base=Path(), user="x").reveal() for _ in range(2)] == ["typed", "typed"]
    assert asked == ["Ann"]


def test_who_waited_for_a_question_has_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    going, go_on = threading.Event(), threading.Event()

    def typed(text: str) -> str:
        asked.append(text)
        going.set()
        assert go_on.wait(30)
        return "typed"

    monkeypatch.setattr(prompt, "_typed", typed)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(prompt.ask, "Ann") for _ in range(4)]
        assert going.wait(30)
        go_on.set()
        assert [answer.result(30) for answer in answers] == [Secret("typed")] * 4
    assert asked == ["Ann"]


def test_a_screen_of_our_own_keeps_questions_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt, "_taken", threading.Event())
    prompt.keep_off_terminal()
    with pytest.raises(SecretError, match="prompt:Ann: was not answered yet"):
        resolve("prompt:Ann", base=Path(), user="x")
    prompt.answer("Ann", Secret("given"))
    assert resolve("prompt:Ann", base=Path(), user="x").reveal() == "given"
