"""One mailbox in words: what it does, how far it is, what holds it up, what the server said. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from core.event import Event
from core.status import ACTIVE
from core.store.views import MailboxView
from tui import format as fmt
from tui.state import state_of
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line

_BAR = 24
_LABEL = 10  # cells
_LEAST_SPARK = 8  # cells
_QUIET = 30.0  # seconds without progress that are worth a word


def facts(
    view: MailboxView,
    problem: Event | None,
    now: datetime,
    width: int,
    height: int,
    zone: tzinfo | None,
    rates: Sequence[float] = (),
) -> Sequence[Line]:
    """At most `height` lines of at most `width` cells; what was said by servers comes last and is cut first."""
    lines = [_headline(view, now), _labelled("To", view.destination, width), _progress(view, width)]
    if view.status in ACTIVE:
        lines.append(_speed(view, now, rates, width))
    if view.activity:
        lines.append(_labelled("Now", view.activity, width))
    if view.slow and view.status in ACTIVE:
        lines.append(_labelled("Slow", view.slow, width))
    if (passing := _passing(view, now, zone)) is not None:
        lines.append(passing)
    room = max(height - len(lines), 2)
    said = list(_said(view, problem, width, room, zone))
    return [*lines, *said[:room]]


def _headline(view: MailboxView, now: datetime) -> Line:
    state = state_of(view.status, view.condition, view.until, now)
    about = "" if view.condition is None else f" · {state.word}"
    forms = ((view.counts.repaired, "repaired"), (view.counts.wrapped, "wrapped"))
    altered = "".join(f" · {fmt.count(number)} {word}" for number, word in forms if number)
    return (
        Cell(f" {state.glyph} ", state.tone),
        Cell(view.status.value, state.tone),
        Cell(about, state.tone),
        Cell(altered, Tone.WARN),
    )


def _labelled(label: str, text: str, width: int) -> Line:
    return (Cell(f" {fmt.fit(label, _LABEL - 2)} ", Tone.DIM), Cell(fmt.fit(text, max(width - _LABEL - 1, 1)).rstrip()))


def _progress(view: MailboxView, width: int) -> Line:
    done, total = view.counts.bytes_copied, view.counts.bytes_total
    long = max(min(_BAR, width - 38), 4)
    filled, rest = fmt.bar(done, total, long)
    return (
        Cell(" " * _LABEL),
        Cell(filled, state_of(view.status, view.condition).tone),
        Cell(rest, Tone.FAINT),
        Cell(f" {fmt.percent(done, total):>4}", Tone.TITLE),
        Cell(f"  {fmt.size(done)} of {fmt.size(total)}"),
    )


def _speed(view: MailboxView, now: datetime, rates: Sequence[float], width: int) -> Line:
    cells = [Cell(f" {fmt.fit('Rate', _LABEL - 2)} ", Tone.DIM), Cell(f"{fmt.rate(view.rate):<{fmt.RATE_WIDTH}}")]
    cells.append(Cell("  ETA ", Tone.DIM))
    cells.append(Cell("not known" if view.eta is None else f"{fmt.duration(view.eta):<{fmt.DURATION_WIDTH}}"))
    quiet = 0.0 if view.progressed is None else (now - view.progressed).total_seconds()
    if quiet >= _QUIET:
        cells.append(Cell(f"  stalled for {fmt.duration(quiet)}", Tone.WAIT))
    elif view.progressed is not None:
        cells += [Cell("  last ", Tone.DIM), Cell(f"{fmt.duration(quiet)} ago")]
    room = width - sum(len(cell.text) for cell in cells) - 2
    if any(rates) and room >= _LEAST_SPARK:
        cells.append(Cell(f"  {fmt.spark(rates, room)}", Tone.ACTIVE))
    return tuple(cells)


def _passing(view: MailboxView, now: datetime, zone: tzinfo | None) -> Line | None:
    if view.status in ACTIVE and view.pass_kind is not None:
        since = "" if view.pass_started is None else fmt.duration((now - view.pass_started).total_seconds())
        text = f"{view.pass_kind}, {since}, {fmt.count(view.pass_new)} new"
        if view.pass_flags_changed:
            text += f", {fmt.count(view.pass_flags_changed)} flags"
        return (Cell(f" {fmt.fit('Pass', _LABEL - 2)} ", Tone.DIM), Cell(text))
    if view.synced is not None:
        text = f"{fmt.stamp(view.synced, zone)}, {fmt.duration((now - view.synced).total_seconds())} ago"
        return (Cell(f" {fmt.fit('Synced', _LABEL - 2)} ", Tone.DIM), Cell(text))
    return None


def _said(view: MailboxView, problem: Event | None, width: int, room: int, zone: tzinfo | None) -> Iterator[Line]:
    """Why it waits, why it failed, or else what went wrong last."""
    if view.why:
        yield from _paragraph("Waits", Tone.WAIT, view.why, width, room)
    if view.error:
        yield from _paragraph("Error", Tone.BAD, view.error, width, room)
    told = [text for text in (view.why, view.error) if text]
    if problem is not None and not any(text in problem.text for text in told):
        place = problem.folder if problem.uid is None else f"{problem.folder}:{problem.uid}"
        text = " ".join(filter(None, [fmt.clock(problem.time, zone), place, problem.text]))
        yield from _paragraph("Last", Tone.WARN, text, width, room)


def _paragraph(label: str, tone: Tone, text: str, width: int, room: int) -> Iterator[Line]:
    for index, line in enumerate(fmt.wrap(text, max(width - _LABEL - 1, 8), limit=max(room, 1))):
        yield (Cell(f" {fmt.fit('' if index else label, _LABEL - 2)} ", tone), Cell(line))
