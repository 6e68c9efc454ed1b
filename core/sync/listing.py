"""What is at the source now, against what the ledger knows: new, gone, back, left out.

All folders are listed before anything is sent, because a message that left one folder may have come up in another.
"""

from collections.abc import Sequence

from core.event import EventKind
from core.mail.folder import FolderPath
from core.mail.outcome import Counts, Outcome
from core.ports.failure import FolderChangedError
from core.ports.source import OpenFolder, SourceMessage
from core.status import PassKind
from core.store.ledger_folder import LedgerFolder
from core.store.ledger_rows import Entry, Listed, windows
from core.sync import doubt
from core.sync.context import PassContext, Work
from core.sync.folder_plan import FolderPlan
from core.sync.identity import Identity
from core.sync.places import Places
from core.sync.progress import Progress
from core.sync.rules import BEYOND_MAX_ITEMS, Judgement, judge

_GONE = "no longer at the source; its copies stay"
#: The source is asked for so many messages at once: each question costs a round trip.
_AT_ONCE = 2000
#: So often the source is looked at until nothing moves between two looks.
_LOOKS = 3


class Listing:
    """Brings the ledger up to what the source shows, folder by folder.

    `unopened` are folders that the source listed and could not open, in an earlier start of the same pass.
    """

    def __init__(self, context: PassContext, places: Places, progress: Progress, unopened: set[FolderPath]) -> None:
        self._context = context
        self._places = places
        self._progress = progress
        self._unopened = unopened
        self._changed = False  # messages came or went
        self.still = True  # nothing moved between the last two looks

    def run(self, plans: Sequence[FolderPlan]) -> list[Work] | None:
        """The folders to work on. None when stopping came first; FolderChangedError: look at the folders anew."""
        context = self._context
        at_source = {plan.source.path for plan in plans if plan.source.selectable or plan.skip is not None}
        identity = Identity(context, self._places, at_source)
        works: list[Work] = []
        missing: list[FolderPath] = []
        for plan in plans:
            path = plan.source.path
            if context.control.stopping():
                return None
            if plan.skip is not None:
                if not self._leave_out(plan, plan.skip, identity.known.get(path)):
                    return None
                continue
            if not plan.source.selectable:
                continue
            context.board.set(activity=f"listing {path}")
            try:
                opened = context.source.examine(plan.source)
            except FolderChangedError:
                missing.append(path)
                continue
            found = identity.of(plan, opened)
            if found is None:
                return None
            work = self._placed(plan, opened, *found)
            if not self._list(work, opened):
                return None
            works.append(work)
        self._see_to(missing, identity)
        for path, folder in identity.lost.items():
            context.narrate.info(EventKind.FOLDER_GONE, _GONE, path)
            if not identity.retire(folder):
                return None
        for path in context.ledger.folders.paths().keys() - at_source:
            context.board.folder(path, "", context.ledger.under(path), _GONE)
        return works if self._until_still(plans, works) else None

    def _see_to(self, missing: Sequence[FolderPath], identity: Identity) -> None:
        """Folders that could not be opened: renamed or deleted just now, or never to be opened."""
        fresh = [path for path in missing if path not in self._unopened]
        if fresh:
            self._unopened.update(fresh)
            raise FolderChangedError(f"{fresh[0]} is gone since it was listed")
        for path in missing:
            self._context.narrate.warning(EventKind.FOLDER_GONE, "listed by the source, but it cannot be opened", path)
            if path in identity.known:
                identity.lost[path] = identity.known[path]

    def _leave_out(self, plan: FolderPlan, why: str, folder: LedgerFolder | None) -> bool:
        """A folder that a rule leaves out, and with it what was still to be copied. False when stopping came first."""
        context, path = self._context, plan.source.path
        context.narrate.info(EventKind.FOLDER_SKIPPED, why, path)
        if folder is None:
            context.board.folder(path, "", Counts(), why)
            return True
        if context.ledger.counts(folder).pending:
            if not doubt.settle(context, [folder], self._places):
                return False
            for window in windows(context.ledger.pending(folder)):
                context.ledger.judged(folder, [(uid, Outcome.SKIPPED, why) for uid in window])
        self._progress.folder(folder, why)
        return True

    def _placed(self, plan: FolderPlan, opened: OpenFolder, folder: LedgerFolder, fresh: bool) -> Work:
        place = self._places.ensure(plan, folder)
        if (folder.destination_path, folder.destination_ref) != (place.path, place.ref):
            adopting = self._places.held_mail(place) if not folder.destination_ref else None
            folder = self._context.ledger.folders.place(folder, place.path, place.ref, adopting=adopting)
        return Work(plan, opened, folder, place, fresh)

    def _until_still(self, plans: Sequence[FolderPlan], works: Sequence[Work]) -> bool:
        """Look again until nothing moves: what moved while we listed was seen twice, or not at all.

        Only where there are copies that could follow. False when stopping came first.
        """
        counts = self._context.ledger.total()
        selectable = {plan.source.path for plan in plans if plan.source.selectable}
        seen = {work.ledger.id: work.opened for work in works}
        for _ in range(_LOOKS):
            if not self._changed or not counts.copied + counts.already_there:
                return True
            self._changed = False
            if {folder.path for folder in self._context.source.folders() if folder.selectable} != selectable:
                raise FolderChangedError("folders came or went while they were listed")
            for work in works:
                if self._context.control.stopping():
                    return False
                before, now = seen[work.ledger.id], self._context.source.examine(work.plan.source)
                if now.uidvalidity != before.uidvalidity:
                    raise FolderChangedError(f"the UIDVALIDITY of {work.plan.source.path} changed")
                if (now.uidnext, now.exists) != (before.uidnext, before.exists):
                    seen[work.ledger.id] = now
                    self._changed = True  # also when what came has gone again
                    if not self._compare(work, now):
                        return False
        self.still = not self._changed
        return True

    # --- one folder --------------------------------------------------------------------------------------------

    def _list(self, work: Work, opened: OpenFolder) -> bool:
        """Give every message of the folder its row. False when stopping came first."""
        baseline = work.ledger.baseline
        self._judge_again(work.ledger)
        same = (opened.uidnext, opened.exists) == (baseline.uidnext, baseline.messages) and opened.uidnext is not None
        if same and self._context.kind is not PassKind.FINAL:
            work.unchanged = opened.highestmodseq is not None and opened.highestmodseq == baseline.highestmodseq
            self._progress.folder(work.ledger, work.plan.note)
            return True
        return self._compare(work, opened)

    def _compare(self, work: Work, opened: OpenFolder) -> bool:
        """Compare the whole list of UIDs with the rows. False when stopping came first."""
        context, folder, path = self._context, work.ledger, work.plan.source.path
        work.unchanged = False
        if context.control.stopping():
            return False
        now = context.source.uids(opened)
        known = context.ledger.uids(folder)
        gone = known.difference(now)
        new = [uid for uid in now if uid not in known]
        context.ledger.gone(folder, sorted(gone))
        for some in windows(new, _AT_ONCE):
            if context.control.stopping():
                return False
            listed = [self._judged(message, path) for message in context.source.messages(opened, some)]
            context.ledger.listed(folder, listed, some[-1])
            self._progress.folder(folder, work.plan.note)
        self._changed = self._changed or bool(gone or new)
        self._progress.folder(folder, work.plan.note)
        context.narrate.info(EventKind.FOLDER_LISTED, f"{len(now)} messages, {len(new)} new", path)
        return True

    def _judged(self, message: SourceMessage, path: FolderPath) -> Listed:
        verdict = self._judge(message)
        reason = verdict.reason or ""
        if verdict.outcome is Outcome.SKIPPED:
            self._context.narrate.debug(EventKind.MESSAGE_SKIPPED, reason, path, message.uid)
        elif verdict.outcome is Outcome.REJECTED:
            self._context.narrate.warning(EventKind.MESSAGE_REJECTED, reason, path, message.uid)
        flags = message.flags if verdict.outcome is not Outcome.PENDING else message.flags.carried()
        return Listed(message.uid, message.size, message.received, flags, verdict.outcome, verdict.reason)

    def _judge_again(self, folder: LedgerFolder) -> None:
        """What a rule left out may pass today, and the other way round: the batch file may have changed."""
        uids = self._context.ledger.skipped(folder)
        if folder.baseline.messages is not None:  # else all that is pending is judged with its flags
            uids += self._context.ledger.pending(folder)
        for window in windows(uids):
            judgements = []
            for entry in self._context.ledger.entries(folder, window).values():
                verdict = self._judge(entry)
                if entry.reason != BEYOND_MAX_ITEMS and (verdict.outcome, verdict.reason) != (
                    entry.outcome,
                    entry.reason,
                ):
                    judgements.append((entry.uid, verdict.outcome, verdict.reason))
            self._context.ledger.judged(folder, judgements)

    def _judge(self, message: SourceMessage | Entry) -> Judgement:
        limit = self._context.destination.limits.max_message
        return judge(self._context.options, limit, message.size, message.received, message.flags)
