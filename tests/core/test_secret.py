"""A secret shows itself to nobody, and is known again in whatever way others write it."""

import gc
import json
from base64 import b64encode
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports.failure import Action, EndpointError, Failure
from core.secret import Secret, masked

PLANTED = 'pl&nted "pä\\ss"'


@pytest.mark.parametrize(
    "written",
    [
        PLANTED,
        repr(PLANTED),
        repr(PLANTED.encode()),
        json.dumps(PLANTED),
        PLANTED.encode().decode("latin-1"),
        escape(PLANTED),
        quote(PLANTED),
        'LOGIN ann "pl&nted \\"pä\\\\ss\\""',
        b64encode(PLANTED.encode()).decode(),
        b64encode(f"\0ann\0{PLANTED}".encode()).decode(),
        b64encode(f"svc@x:{PLANTED}".encode()).decode(),
        b64encode(f"user=ann\x01auth=Bearer {PLANTED}\x01\x01".encode()).decode(),
    ],
)
def test_it_is_masked_however_it_is_written(written: str) -> None:
    secret = Secret(PLANTED)
    text = masked(f"[AUTHENTICATIONFAILED] wrong: {written}, try again")
    assert text.startswith("[AUTHENTICATIONFAILED] wrong: ")
    assert text.endswith(", try again")
    assert "***" in text
    assert not any(form in text for form in ("nted", "ss", "ä", b64encode(PLANTED.encode()).decode()[4:12]))
    assert secret.reveal() == PLANTED


@given(st.text(min_size=8), st.binary(max_size=9), st.binary(max_size=9))
def test_it_is_known_within_anything_in_base64(value: str, before: bytes, after: bytes) -> None:
    secret = Secret(value)
    said = b64encode(before + value.encode() + after).decode()
    assert secret.mask(f"no: {said}.") == "no: ***."


@given(st.text(st.characters(exclude_characters="*"), min_size=4))
def test_nothing_of_it_is_left(value: str) -> None:
    assert value not in Secret(value).mask(f" {value} ")


def test_a_short_one_is_masked_as_a_word_and_a_shorter_one_not_at_all() -> None:
    assert Secret("test").mask("wrong password test, see the latest") == "wrong password ***, see the latest"
    assert Secret("an").mask("an error") == "an error"


def test_what_a_server_repeats_is_in_no_failure() -> None:
    secret = Secret("planted-password")
    failure = Failure(Action.STOP_MAILBOX, "X", "refused", said="bad password planted-password")
    assert "planted" not in f"{failure} {failure.sentence()} {EndpointError(failure)}"
    assert failure.sentence() == "refused (bad password ***)"
    assert secret.reveal()


def test_it_is_forgotten_with_who_held_it() -> None:
    secret = Secret("planted-password")
    assert masked("planted-password") == "***"
    del secret
    gc.collect()
    assert masked("planted-password") == "planted-password"


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r}"
    assert secret.reveal() == "hunter2"
