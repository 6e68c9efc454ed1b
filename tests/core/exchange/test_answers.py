"""The table of codes: every row says something useful, and every code of Microsoft's leads somewhere."""

import re
from pathlib import Path

import pytest

from core.exchange import answers
from core.exchange.soap import Answer
from core.ports.failure import Action


@pytest.fixture(scope="module")
def codes(ews_schemas: Path) -> list[str]:
    """Every response code of the schemas."""
    schema = (ews_schemas / "ews-messages.xsd").read_text(encoding="utf-8")
    found = re.search(r'name="ResponseCodeType".*?</xs:simpleType>', schema, re.DOTALL)
    assert found is not None
    return [code for code in re.findall(r'value="(\w+)"', found[0]) if code != "NoError"]


def test_the_table_knows_no_code_that_there_is_not(codes: list[str]) -> None:
    assert set(answers._ROWS) <= set(codes)


def test_every_code_leads_somewhere(codes: list[str]) -> None:
    for code in codes:
        answer = Answer(code, "as the server says")
        alone, several = answers.of_request(answer, 1, 9), answers.of_request(answer, 5, 99)
        for failure in (answers.of_item(answer, 9), alone, several):
            assert failure.code == code
            assert failure.cause
            assert failure.said == "as the server says"
        assert answers.of_item(answer, 9).action is not Action.SPLIT
        assert alone.action is not Action.SPLIT
        assert answers.of_call(answer).action not in {Action.SPLIT, Action.REJECT}


@pytest.mark.parametrize("code", sorted(answers._ROWS))
def test_sentences_are_for_people(code: str) -> None:
    failure = answers.of_item(Answer(code), 9)
    for sentence in (failure.cause, failure.cure):
        assert not sentence.endswith(".")
        assert "Error" not in sentence
    # What does not go on by itself comes with a cure.
    assert failure.cure or failure.action in {Action.RETRY, Action.WAIT} or "virus" in failure.cause


def test_the_answer_to_a_question_leaves_nothing_in_doubt() -> None:
    for code in answers._ROWS:
        assert not answers.of_call(Answer(code)).in_doubt


def test_only_a_wait_has_seconds() -> None:
    assert answers.of_item(Answer("ErrorServerBusy", "", 2.5), 9).seconds == 2.5
    assert answers.of_item(Answer("ErrorItemSave", "", 2.5), 9).seconds is None


@pytest.mark.parametrize(
    "said",
    [
        "The mailbox is over its quota.",
        "MapiExceptionShutoffQuotaExceeded: Unable to save changes.",
        "The message store has reached its maximum size: mailbox is full",
        "storage limit reached",
    ],
)
@pytest.mark.parametrize("code", ["ErrorItemSave", "ErrorInternalServerError"])
def test_full_by_its_text(code: str, said: str) -> None:
    failure = answers.of_item(Answer(code, said), 9)
    assert (failure.action, failure.quota) == (Action.STOP_MAILBOX, True)


def test_what_another_form_may_help() -> None:
    """Not what is too large, full or forbidden, nor what we set beside the MIME, nor what nobody can explain."""
    assert {code for code in answers._ROWS if answers.of_item(Answer(code), 1).form} == {
        "ErrorMimeContentInvalid",
        "ErrorMimeContentConversionFailed",
        "ErrorContentConversionFailed",
        "ErrorUnsupportedMimeConversion",
        "ErrorItemCorrupt",
        "ErrorCorruptData",
        "ErrorItemSave",
        "ErrorItemSavePropertyError",
        "ErrorPropertyValidationFailure",
        "ErrorAttachmentNestLevelLimitExceeded",
    }
    assert answers.of_request(Answer("ErrorMimeContentInvalid"), 1, 1).form
    assert not answers.of_item(Answer("ErrorItemSave", "Mailbox is over quota"), 1).form
    assert not answers.of_item(Answer("ErrorNobodyKnows"), 1).form


def test_the_size_limit_is_no_quota() -> None:
    failure = answers.of_item(Answer("ErrorMessageSizeExceeded", "exceeds the quota for one message"), 9)
    assert (failure.action, failure.quota) == (Action.REJECT, False)


def test_what_is_too_large_comes_with_its_size() -> None:
    for code in ("ErrorMessageSizeExceeded", "ErrorDataSizeLimitExceeded", "ErrorRequestStreamTooBig"):
        answer = Answer(code, "too large")
        for failure in (answers.of_item(answer, 12 << 20), answers.of_request(answer, 1, 12 << 20)):
            assert failure.action is Action.REJECT
            assert failure.cause.endswith(": 12.0 MB")
