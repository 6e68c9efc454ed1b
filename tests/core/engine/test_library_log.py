"""Libraries speak to the event log alone, and tell no secret."""

import logging
import subprocess
import sys
import threading
import warnings

import pytest

from core.engine.library_log import libraries_told, without_secrets
from core.event import Event, EventKind, Level


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("{'Authorization': 'Basic c2VjcmV0'}", "{'Authorization': 'Basic ***'}"),
        ("authorization: hunter2", "authorization: ***"),
        ('password="hunter2" next', 'password="***" next'),
        ("Bearer eyJhbGciOi.J9.x-y", "Bearer ***"),
        ("a1 LOGIN ann hunter2", "a1 LOGIN ann ***"),
        ("a1 AUTHENTICATE PLAIN AGFubgBodW50ZXIy", "a1 AUTHENTICATE PLAIN ***"),
        ("https://ann:hunter2@new.example/EWS", "https://ann:***@new.example/EWS"),
        ("Connection pool is full, discarding connection: new.example", None),
    ],
)
def test_secrets_are_masked(said: str, masked: str | None) -> None:
    assert without_secrets(said) == (said if masked is None else masked)
    assert "hunter2" not in without_secrets(said)


def test_logs_become_debug_events_of_the_batch(capfd: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = []
    with libraries_told(events.append, "sales"):
        logging.getLogger("urllib3.connectionpool").warning("pool of %s is full\x1b[31m", "host")
        logging.getLogger("exchangelib").debug("<xml>a whole mail</xml>")
    assert [(e.level, e.kind, e.batch, e.text) for e in events] == [
        (Level.DEBUG, EventKind.LIBRARY, "sales", "urllib3.connectionpool warning: pool of host is full␛[31m"),
    ]
    assert capfd.readouterr() == ("", "")


def test_warnings_and_dying_threads_are_told_too(capfd: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with libraries_told(events.append):
            warnings.warn("old ways", DeprecationWarning, stacklevel=1)
            thread = threading.Thread(target=lambda: 1 / 0, name="pool")
            thread.start()
            thread.join()
    assert [event.kind for event in events] == [EventKind.LIBRARY, EventKind.FAULT]
    assert "DeprecationWarning: old ways" in events[0].text
    assert events[1].text == "thread pool ended: ZeroDivisionError: division by zero"
    assert capfd.readouterr() == ("", "")


def test_everything_is_put_back() -> None:
    before = (
        logging.lastResort,
        logging.getLogger().level,
        threading.excepthook,
        sys.unraisablehook,
        warnings.showwarning,
    )
    with libraries_told(lambda _: None):
        pass
    after = (
        logging.lastResort,
        logging.getLogger().level,
        threading.excepthook,
        sys.unraisablehook,
        warnings.showwarning,
    )
    assert after == before


def test_telling_that_logs_does_not_go_round_for_ever() -> None:
    heard: list[str] = []

    def tell(event: Event) -> None:
        heard.append(event.text)
        logging.getLogger("store").warning("heard it")

    with libraries_told(tell):
        logging.getLogger("a").warning("once")
    assert heard == ["a warning: once"]


def test_a_process_prints_nothing_even_when_a_library_logs_nonsense() -> None:
    code = (
        "import logging; from core.engine.library_log import libraries_told\n"
        "heard = []\n"
        "with libraries_told(lambda event: heard.append(event.text)):\n"
        "    logging.getLogger('x').error('to stderr?')\n"
        "    logging.getLogger('x').error('%d', 'no number')\n"
        "assert heard == ['x error: to stderr?', 'x error: %d'], heard\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
