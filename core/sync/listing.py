"""What is at the source now, against what the ledger knows: new, gone, renamed, renumbered.

All folders are listed before anything is sent, because a message that left one folder may have come up in another.
"""

from collections.abc import Mapping, Sequence

from core.event import EventKind
from core.mail.folder import FolderPath
from core.mail.outcome import Counts, Outcome
from core.ports.failure import FolderChangedError
from core.ports.source import OpenFolder
from core.status import PassKind
from core.store.ledger_folder import LedgerFolder
from core.store.ledger_rows import Listed, windows
from core.sync import doubt
from core.sync.context import PassContext, Work
from core.sync.folder_plan import FolderPlan
from core.sync.places import Places
from core.sync.progress import Progress
from core.sync.rules import BEYOND_MAX_ITEMS, judge


def list_folders(
    context: PassContext, plans: Sequence[FolderPlan], places: Places, progress: Progress
) -> list[Work] | None:
    """Bring the ledger up to what the source shows, folder by folder. None when stopping came first."""
    known = {folder.source_path: folder for folder in context.ledger.folders.current()}
    at_source = {plan.source.path for plan in plans}
    lost = {path: folder for path, folder in known.items() if path not in at_source}
    works: list[Work] = []
    for plan in plans:
        if plan.skip is not None:
            context.narrate.info(EventKind.FOLDER_SKIPPED, plan.skip, plan.source.path)
            context.board.folder(plan.source.path, "", Counts(), plan.skip)
            continue
        if not plan.source.selectable:
            continue
        if context.control.stopping():
            return None
        context.board.set(activity=f"listing {plan.source.path}")
        try:
            opened = context.source.examine(plan.source)
        except FolderChangedError:
            context.narrate.warning(EventKind.FOLDER_GONE, "gone since it was listed", plan.source.path)
            continue
        found = _known(context, plan, opened, known, lost, places)
        if found is None:
            return None
        folder, fresh = found
        work = _placed(context, plan, opened, folder, places, fresh=fresh)
        if not _list(context, work, progress):
            return None
        progress.folder(work.ledger, plan.note)
        works.append(work)
    for path, folder in lost.items():
        context.narrate.info(EventKind.FOLDER_GONE, "no longer at the source; its copies stay", path)
        if not _retire(context, folder, places):
            return None
    return works


def _known(
    context: PassContext,
    plan: FolderPlan,
    opened: OpenFolder,
    known: Mapping[FolderPath, LedgerFolder],
    lost: dict[FolderPath, LedgerFolder],
    places: Places,
) -> tuple[LedgerFolder, bool] | None:
    """The ledger's folder for a source folder, and whether it is new to it. None when stopping came first."""
    path = plan.source.path
    folder = known.get(path)
    if folder is None:
        renamed = _renamed(context, opened, lost)
        if renamed is None:
            return context.ledger.folders.add(path, opened.uidvalidity), True
        del lost[renamed.source_path]
        context.board.folder(renamed.source_path, "", Counts(), f"renamed at the source to {path}")
        moved = places.follow(plan, renamed)
        folder = context.ledger.folders.renamed(renamed, path)
        if moved is not None:
            folder = context.ledger.folders.place(folder, moved.path, moved.ref)
        return folder, False
    if folder.uidvalidity == opened.uidvalidity:
        return folder, False
    context.narrate.warning(
        EventKind.FOLDER_VALIDITY_CHANGED,
        f"UIDVALIDITY changed from {folder.uidvalidity} to {opened.uidvalidity}: "
        "messages are known again by their bytes",
        path,
    )
    if not _retire(context, folder, places):
        return None
    fresh = context.ledger.folders.add(path, opened.uidvalidity)
    place = places.of(folder)
    if place is not None:
        fresh = context.ledger.folders.place(fresh, place.path, place.ref)
    return fresh, True


def _renamed(context: PassContext, opened: OpenFolder, lost: Mapping[FolderPath, LedgerFolder]) -> LedgerFolder | None:
    """The lost folder that this new one is: same UIDVALIDITY, and the UIDs that we know."""
    candidates = [folder for folder in lost.values() if folder.uidvalidity == opened.uidvalidity]
    if not candidates:
        return None
    now = set(context.source.uids(opened))
    for folder in candidates:
        then = context.ledger.uids(folder)
        # Mail may have come and gone since; but most of what we know must be there under its old UIDs.
        if then and len(then & now) * 2 > len(then):
            return folder
        if not then and not now:
            return folder
    return None


def _retire(context: PassContext, folder: LedgerFolder, places: Places) -> bool:
    """A folder that is gone has no rows left in doubt. False when stopping came first."""
    if not doubt.settle(context, [folder], places):
        return False
    context.ledger.retired(folder)
    return True


def _placed(
    context: PassContext,
    plan: FolderPlan,
    opened: OpenFolder,
    folder: LedgerFolder,
    places: Places,
    *,
    fresh: bool,
) -> Work:
    place = places.ensure(plan, folder)
    if (folder.destination_path, folder.destination_ref) != (place.path, place.ref):
        adopting = context.ledger.first_pass() and place.messages > 0 if fresh else None
        folder = context.ledger.folders.place(folder, place.path, place.ref, adopting=adopting)
    return Work(plan, opened, folder, place, fresh)


def _list(context: PassContext, work: Work, progress: Progress) -> bool:
    """Give every message of the folder its row. False when stopping came first."""
    opened, folder, baseline = work.opened, work.ledger, work.ledger.baseline
    _judge_again(context, folder)
    same = (opened.uidnext, opened.exists) == (baseline.uidnext, baseline.messages) and opened.uidnext is not None
    if same and context.kind is not PassKind.FINAL:
        work.unchanged = opened.highestmodseq is not None and opened.highestmodseq == baseline.highestmodseq
        return True
    now = context.source.uids(opened)
    known = context.ledger.uids(folder)
    present = set(now)
    context.ledger.gone(folder, sorted(known - present))
    new = [uid for uid in now if uid not in known]
    for window in windows(new):
        if context.control.stopping():
            return False
        listed = []
        for message in context.source.messages(opened, window):
            verdict = judge(
                context.options,
                context.destination.limits.max_message,
                message.size,
                message.received,
                message.flags,
            )
            flags = message.flags if verdict.outcome is not Outcome.PENDING else message.flags.carried()
            listed.append(Listed(message.uid, message.size, message.received, flags, verdict.outcome, verdict.reason))
            if verdict.outcome is Outcome.SKIPPED:
                context.narrate.debug(
                    EventKind.MESSAGE_SKIPPED, verdict.reason or "", work.plan.source.path, message.uid
                )
            elif verdict.outcome is Outcome.REJECTED:
                context.narrate.warning(
                    EventKind.MESSAGE_REJECTED, verdict.reason or "", work.plan.source.path, message.uid
                )
        context.ledger.listed(folder, listed, window[-1])
        progress.folder(folder, work.plan.note)
    context.narrate.info(EventKind.FOLDER_LISTED, f"{len(now)} messages, {len(new)} new", work.plan.source.path)
    return True


def _judge_again(context: PassContext, folder: LedgerFolder) -> None:
    """What a rule left out may pass today: the batch file may have changed."""
    for window in windows(context.ledger.skipped(folder)):
        judgements = []
        for entry in context.ledger.entries(folder, window).values():
            verdict = judge(
                context.options,
                context.destination.limits.max_message,
                entry.size,
                entry.received,
                entry.flags,
            )
            if entry.reason != BEYOND_MAX_ITEMS and (verdict.outcome, verdict.reason) != (entry.outcome, entry.reason):
                judgements.append((entry.uid, verdict.outcome, verdict.reason))
        context.ledger.judged(folder, judgements)
