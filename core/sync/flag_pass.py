"""Flags that changed at the source since they were last carried, applied where the destination still shows them so."""

from collections.abc import Iterable, Iterator, Sequence

from core.event import EventKind
from core.mail.flags import Flags, merge
from core.mail.outcome import Outcome
from core.status import PassKind
from core.store.ledger_rows import Entry, windows
from core.sync.context import PassContext, Tally, Work
from core.sync.rules import BEYOND_MAX_ITEMS, judge

_COPIED = frozenset({Outcome.COPIED, Outcome.ALREADY_THERE})
_WINDOW = 200


def carry_flags(context: PassContext, work: Work, tally: Tally) -> bool:
    """Carry one folder's flag changes over. False when stopping came first."""
    if work.fresh or (work.unchanged and context.kind is not PassKind.FINAL):
        return True
    if context.control.stopping():
        return False
    return _carry(context, work, context.source.flags(work.opened, work.ledger.baseline.highestmodseq), tally)


def carry_later(context: PassContext, work: Work, tally: Tally) -> bool:
    """The same for messages whose copy was not known before. False when stopping came first."""
    return _carry(context, work, list(work.later), tally)


def _carry(context: PassContext, work: Work, at_source: Iterable[tuple[int, Flags]], tally: Tally) -> bool:
    for shown in _windows(at_source):
        if context.control.stopping():
            return False
        entries = context.ledger.entries(work.ledger, list(shown))
        changed = [
            (entry, shown[uid])
            for uid, entry in entries.items()
            if entry.outcome in _COPIED and not _same(entry.flags, shown[uid])
        ]
        _apply(context, work, changed, tally)
        work.later += [(uid, shown[uid]) for uid, entry in entries.items() if entry.mark is not None]
        _judge_again(context, work, [(entry, shown[uid]) for uid, entry in entries.items()])
    return True


def _windows(pairs: Iterable[tuple[int, Flags]]) -> Iterator[dict[int, Flags]]:
    window: dict[int, Flags] = {}
    for uid, flags in pairs:
        window[uid] = flags
        if len(window) == _WINDOW:
            yield window
            window = {}
    if window:
        yield window


def _same(carried: Flags, source: Flags) -> bool:
    return {flag.lower() for flag in carried.carried()} == {flag.lower() for flag in source.carried()}


def _apply(context: PassContext, work: Work, changed: Sequence[tuple[Entry, Flags]], tally: Tally) -> None:
    path = work.plan.source.path
    for batch in windows(range(len(changed)), 100):
        some = [changed[index] for index in batch]
        there = context.destination.shown(work.place, [entry.item for entry, _ in some if entry.item is not None])
        done: list[tuple[int, Flags]] = []
        for entry, source in some:
            done.append((entry.uid, source.carried()))
            shown = None if entry.item is None else there.get(entry.item)
            if shown is None or entry.item is None:
                context.narrate.debug(
                    EventKind.MESSAGE_GONE, "moved or deleted at the destination: left alone", path, entry.uid
                )
                continue
            change = merge(entry.flags, source, shown.flags, shown.touched)
            if change.kept:
                tally.flags_kept += change.kept
                context.narrate.info(
                    EventKind.FLAGS_KEPT, "changed at the destination too: left as it is", path, entry.uid
                )
            if not change:
                continue
            dropped = context.destination.change_flags(work.place, entry.item, change.add, change.remove)
            tally.flags_changed += 1
            tally.keywords_dropped += len(dropped)
            said = " ".join(
                [f"+{flag}" for flag in sorted(change.add)] + [f"-{flag}" for flag in sorted(change.remove)]
            )
            context.narrate.debug(EventKind.FLAGS_CHANGED, said, path, entry.uid)
        context.ledger.carried(work.ledger, done)


def _judge_again(context: PassContext, work: Work, seen: Sequence[tuple[Entry, Flags]]) -> None:
    """What a rule left out, or has not been copied yet, is judged by the flags of today."""
    flags = []
    judgements = []
    for entry, now in seen:
        if entry.outcome not in {Outcome.SKIPPED, Outcome.PENDING} or entry.mark is not None:
            continue
        if entry.flags != now:
            flags.append((entry.uid, now))
        if entry.reason == BEYOND_MAX_ITEMS:
            continue
        verdict = judge(context.options, context.destination.limits.max_message, entry.size, entry.received, now)
        if verdict.outcome is not entry.outcome:
            judgements.append((entry.uid, verdict.outcome, verdict.reason))
    context.ledger.carried(work.ledger, flags)
    context.ledger.judged(work.ledger, judgements)
