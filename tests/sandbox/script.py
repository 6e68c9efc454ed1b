"""The script: which requests go wrong, how, and how often. And the record of what was asked."""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

from lxml import etree

from tests.sandbox.outcomes import Outcome
from tests.sandbox.soap import T


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, for counting. `status` is the HTTP status of the answer, 0 where none was given."""

    operation: str
    items: int
    size: int  # bytes of the body
    account: str
    mailbox: str
    status: int


@dataclass
class Request:
    """A request as the script's conditions see it."""

    operation: str
    payload: etree._Element
    size: int
    account: str
    mailbox: str
    number: int  # among all requests, from 1

    @cached_property
    def elements(self) -> list[etree._Element]:
        """What it asks for: items, ids, changes."""
        holders = [child for child in self.payload if _local(child) in _HOLDERS]
        return list(holders[0]) if holders else []

    @property
    def mimes(self) -> Iterator[bytes]:
        """The MIME of its items."""
        for element in self.elements:
            yield mime_of(element)


def mime_of(element: etree._Element) -> bytes:
    """An item's MIME; empty when it has none or it is not base64."""
    try:
        return base64.b64decode(element.findtext(f"{T}MimeContent") or "")
    except (binascii.Error, ValueError):
        return b""


@dataclass
class Rule:
    """Some requests and what becomes of them.

    `operation` None means every one; `when` is a further condition; `times` None means always; the first `after`
    requests that match go through.
    """

    outcomes: tuple[Outcome, ...]
    operation: str | None = None
    when: Callable[[Request], bool] | None = None
    times: int | None = 1
    after: int = 0
    used: int = field(default=0, init=False)
    passed: int = field(default=0, init=False)

    def matches(self, request: Request) -> bool:
        """Whether this request is meant, use left or not."""
        if self.operation is not None and self.operation != request.operation:
            return False
        return self.when is None or self.when(request)


class Script:
    """The rules in force, first match wins."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()

    def add(self, rule: Rule) -> None:
        """Append a rule."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Forget all rules: from now on everything goes well."""
        with self._lock:
            self._rules.clear()

    @property
    def left(self) -> int:
        """How many limited rules have not been used up."""
        with self._lock:
            return sum(1 for rule in self._rules if rule.times is not None and rule.used < rule.times)

    def outcomes(self, request: Request) -> tuple[Outcome, ...]:
        """What becomes of this request; uses the rule up by one."""
        with self._lock:
            for rule in self._rules:
                if rule.times is not None and rule.used >= rule.times:
                    continue
                if not rule.matches(request):
                    continue
                if rule.passed < rule.after:
                    rule.passed += 1
                    continue
                rule.used += 1
                return rule.outcomes
        return ()


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


_HOLDERS = {
    "Items",
    "ItemIds",
    "ItemChanges",
    "FolderIds",
    "Folders",
    "FolderChanges",
    "ParentFolderIds",
    "SourceIds",
    "AttachmentIds",
}
