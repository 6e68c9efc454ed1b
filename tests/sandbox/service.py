"""From the body of a POST to the answer: parse, validate, decide who acts, follow the script, work, validate again."""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.utils import format_datetime
from threading import Lock, Timer
from typing import Final

from lxml import etree

from tests.sandbox import outcomes, soap
from tests.sandbox.access import Access, Account, Actor
from tests.sandbox.database import Database
from tests.sandbox.operations import OPERATIONS, Operation
from tests.sandbox.operations.call import Call
from tests.sandbox.outcomes import Outcome
from tests.sandbox.schemas import Schemas
from tests.sandbox.script import Request, Script, Seen
from tests.sandbox.soap import Answer, RefusedError, S, SoapFaultError
from tests.sandbox.throttling import Policy, Throttle, Toll

_LOG: Final = logging.getLogger("tests.sandbox")


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back. `cut` sends only that many bytes of the body; `reset` sends nothing and breaks the connection."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut: int | None = None
    reset: bool = False


@dataclass
class Pace:
    """How fast the server is, in seconds: for each request, and for each item of it."""

    request: float = 0.0
    item: float = 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    """A request that was let in."""

    request: Request
    operation: Operation
    actor: Actor
    toll: Toll


@dataclass
class Service:
    """Answers requests."""

    database: Database
    access: Access
    script: Script
    schemas: Schemas | None
    pace: Pace = field(default_factory=Pace)
    strict: bool = False
    throttle: Throttle = field(default_factory=lambda: Throttle(Policy()))
    requests: list[Seen] = field(default_factory=list)
    schema_errors: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)  # faults of our own
    _lock: Lock = field(default_factory=Lock)
    _number: int = 0
    _late: list[Timer] = field(default_factory=list)

    def answer(self, account: Account, body: bytes) -> Reply:
        """The reply to one POST."""
        seen = Seen("", 0, len(body), account.name, "", 0)
        try:
            try:
                seen, reply = self._answer(account, body)
            except SoapFaultError as problem:
                reply = Reply(problem.status, soap.fault(problem))
        except Exception as error:  # noqa: BLE001 - a fault of ours: kept for the tests, answered as a server does
            _LOG.exception("a fault of the practice Exchange")
            self.errors.append(error)
            reply = Reply(
                500, soap.fault(SoapFaultError("ErrorInternalServerError", "An internal server error occurred."))
            )
        status = 0 if reply.reset else reply.status
        with self._lock:
            self.requests.append(Seen(seen.operation, seen.items, seen.size, seen.account, seen.mailbox, status))
        return reply

    def settle(self) -> None:
        """Wait until everything that is stored late has been stored."""
        with self._lock:
            late, self._late = self._late, []
        for timer in late:
            timer.join()

    def _answer(self, account: Account, body: bytes) -> tuple[Seen, Reply]:
        payload, header = _parse(body)
        name = etree.QName(payload).localname
        if self.schemas is not None:
            for element in () if header is None else header:
                self.schemas.check_request(element)
            self.schemas.check_request(payload)
        operation = OPERATIONS.get(name)
        if operation is None or not payload.tag.startswith(soap.M):
            raise SoapFaultError(
                "ErrorSchemaValidation", f"The request failed schema validation: unknown operation {name}"
            )
        with self.database.reading() as db:
            actor = self.access.actor(db, account, header)
        with self._lock:
            self._number += 1
            request = Request(name, payload, len(body), account.name, actor.mailbox or "", self._number)
        seen = Seen(name, len(request.elements), len(body), account.name, request.mailbox, 0)
        try:
            with self.throttle.request(account.name, request.mailbox) as toll:
                return seen, self._follow(_Job(request, operation, actor, toll))
        except SoapFaultError as problem:
            return seen, Reply(problem.status, soap.fault(problem))

    def _follow(self, job: _Job) -> Reply:
        """Do the work, with what the script says about this request."""
        planned = self.script.outcomes(job.request)
        refusals: list[outcomes.ItemError] = []
        for outcome in planned:
            reply = _at_once(outcome)
            if reply is not None:
                return reply
            if isinstance(outcome, outcomes.ItemError):
                refusals.append(outcome)
            if isinstance(outcome, outcomes.Slow) and outcome.where == "before":
                time.sleep(outcome.seconds)
            if isinstance(outcome, outcomes.Held):
                outcome.arrived.set()
                outcome.release.wait()
            if isinstance(outcome, outcomes.StoreLate):
                self._store_late(outcome.seconds, lambda: self._work(job, tuple(refusals)))
                return Reply(0, reset=True)
        only = next((o.items for o in planned if isinstance(o, outcomes.Reset)), None)
        answers = self._work(job, tuple(refusals), only)
        return self._deliver(job.request.operation, answers, planned)

    def _work(self, job: _Job, refusals: tuple[outcomes.ItemError, ...], only: int | None = None) -> list[Answer]:
        """Run the operation in a transaction, which is on disk when this returns."""
        pause = self.pace.request + self.pace.item * len(job.request.elements)
        if pause:
            time.sleep(pause)
        begin: Callable[[], AbstractContextManager[sqlite3.Connection]] = (
            self.database.writing if job.operation.writes else self.database.reading
        )
        try:
            with begin() as db:
                call = Call(db, job.request.payload, self.access, job.actor, job.toll, refusals, only, self.strict)
                return job.operation.run(call)
        except RefusedError as refusal:  # of the request itself, not of one item
            raise SoapFaultError(refusal.code, refusal.text, values=refusal.values) from None

    def _deliver(self, name: str, answers: list[Answer], planned: tuple[Outcome, ...]) -> Reply:
        cut: int | None = None
        for outcome in planned:
            if isinstance(outcome, outcomes.Reset):
                return Reply(0, reset=True)
            if isinstance(outcome, outcomes.Fewer):
                answers = answers[: max(len(answers) - outcome.by, 0)]
            elif isinstance(outcome, outcomes.Truncated):
                cut = outcome.keep
            elif isinstance(outcome, outcomes.Slow) and outcome.where == "after":
                time.sleep(outcome.seconds)
        body = soap.envelope(soap.responses(name, answers))
        if self.schemas is not None:
            self._check_answer(body)
        return Reply(200, body, cut=cut)

    def _check_answer(self, body: bytes) -> None:
        """Hold our own answer against the schemas: a wrong one is a defect of the practice Exchange."""
        assert self.schemas is not None
        payload, _header = _parse(body)
        problem = self.schemas.problem(payload)
        if problem is not None:
            self.schema_errors.append(f"{etree.QName(payload).localname}: {problem}")
            raise SoapFaultError("ErrorInternalServerError", f"The practice Exchange broke the schema: {problem}")

    def _store_late(self, seconds: float, work: Callable[[], list[Answer]]) -> None:
        def store() -> None:
            try:
                work()
            except SoapFaultError as problem:  # nobody is there to be told
                _LOG.debug("stored late, refused: %s", problem)

        timer = Timer(seconds, store)
        with self._lock:
            self._late.append(timer)
        timer.start()


def _at_once(outcome: Outcome) -> Reply | None:
    """The reply of an outcome that does no work; None for the others."""
    if isinstance(outcome, outcomes.Fault):
        raise SoapFaultError(outcome.code, outcome.text, status=outcome.status, values=outcome.values)
    if isinstance(outcome, outcomes.Busy):
        wait = {} if outcome.back_off_ms is None else {"BackOffMilliseconds": str(outcome.back_off_ms)}
        raise SoapFaultError(
            "ErrorServerBusy", "The server cannot service this request right now. Try again later.", values=wait
        )
    if isinstance(outcome, outcomes.Http):
        return http_reply(outcome)
    if isinstance(outcome, outcomes.Reset) and outcome.when == "before":
        return Reply(0, reset=True)
    return None


def http_reply(outcome: outcomes.Http) -> Reply:
    """A reply without SOAP."""
    headers = [("Content-Type", "text/html")]
    after = outcome.retry_after
    if after is not None:
        headers.append(("Retry-After", str(after) if isinstance(after, int) else format_datetime(after, usegmt=True)))
    if outcome.location is not None:
        headers.append(("Location", outcome.location))
    if outcome.status == 401:
        headers.append(("WWW-Authenticate", outcome.offers))
    return Reply(outcome.status, outcome.body.encode(), tuple(headers))


def _parse(body: bytes) -> tuple[etree._Element, etree._Element | None]:
    """The payload and the header of an envelope. Raises SoapFaultError(ErrorSchemaValidation) for what is none."""
    parser = etree.XMLParser(
        huge_tree=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise SoapFaultError("ErrorSchemaValidation", f"The request failed schema validation: {error}") from None
    found = root.find(f"{S}Body")
    if root.tag != f"{S}Envelope" or found is None or not len(found):
        raise SoapFaultError(
            "ErrorSchemaValidation", "The request failed schema validation: no SOAP envelope with a body."
        )
    return found[0], root.find(f"{S}Header")
