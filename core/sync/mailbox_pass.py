"""One pass over one mailbox, from connecting to the advanced baseline.

A pass may be cut off anywhere, by a lost link, a stop or a kill; the next one goes on from the ledger. What a cut can
cost: work done since the last commit is looked up, never repeated blindly.
"""

from collections.abc import Sequence

from core.event import EventKind
from core.mail.folder import FolderPath
from core.mail.outcome import Outcome
from core.ports.failure import Action, EndpointError, Failure, FolderChangedError, Side
from core.store.ledger_folder import Baseline
from core.store.ledger_rows import windows
from core.sync import doubt
from core.sync.adoption import Adoption
from core.sync.context import PassContext, PassResult, Tally, Work
from core.sync.flag_pass import carry_flags, carry_later
from core.sync.folder_plan import plan_folders
from core.sync.listing import Listing
from core.sync.moves import Moves
from core.sync.places import Places
from core.sync.progress import Progress
from core.sync.rules import BEYOND_MAX_ITEMS
from core.sync.transfer import Writing

__all__ = ["PassContext", "PassResult", "run_pass"]

#: A folder that changes its UIDVALIDITY under our hands so often in one pass is not to be trusted now.
_STARTS = 3


def run_pass(context: PassContext) -> PassResult:
    """Do one pass. Raises EndpointError (wait and call again, or give up, as its action says) and FencedError."""
    progress = Progress(context.board, context.ledger, context.clock)
    before = context.ledger.total().copied
    tally = Tally()
    unopened: set[FolderPath] = set()
    changed = ""
    try:
        for _ in range(_STARTS):
            try:
                finished = _pass(context, progress, tally, unopened)
            except FolderChangedError as error:
                context.narrate.warning(EventKind.FOLDER_GONE, f"listed anew: {error}")
                changed = str(error)
                continue
            counts = context.ledger.total()
            return PassResult(finished, counts.copied - before, tally.flags_changed, counts.rejected)
        raise EndpointError(
            Failure(
                Action.RETRY,
                "folder_changed",
                "the source's folders change faster than they can be listed",
                said=changed,
                cure="find out what renumbers or renames folders at the source",
                side=Side.SOURCE,
            )
        )
    finally:
        context.board.set(
            pass_new=max(0, context.ledger.total().copied - before), pass_flags_changed=tally.flags_changed
        )
        progress.done()


def _pass(context: PassContext, progress: Progress, tally: Tally, unopened: set[FolderPath]) -> bool:
    """From listing to baselines. False when stopping came first."""
    context.board.set(activity="signing in")
    context.source.connect()
    context.destination.connect()
    places = Places(context)
    for folder in context.ledger.folders.current():
        if context.control.stopping():
            return False
        doubt.look(context, folder, places)
    plans = plan_folders(
        context.source.folders(),
        places.all(),
        context.options,
        folds_case=context.destination.limits.folds_case,
    )
    listing = Listing(context, places, progress, unopened)
    works = listing.run(plans)
    if works is None:
        return False
    tally.restless = not listing.still
    for work in works:
        if not carry_flags(context, work, tally):
            return False
    if not doubt.settle_confusing(context, works, places):
        return False
    _choose(context, works, tally)
    adoption = Adoption()
    if not adoption.search(context, places, works):
        return False
    for work in works:
        if not adoption.by_token(context, work):
            return False
        progress.folder(work.ledger, work.plan.note)
    if not _copy(context, works, places, adoption, progress, tally):
        return False
    for work in works:
        if work.later and not carry_later(context, work, tally):
            return False
    _advance(context, works)
    context.ledger.finish_pass(restless=tally.restless)
    return True


def _choose(context: PassContext, works: Sequence[Work], tally: Tally) -> None:
    """The rules that look at the mailbox as a whole."""
    if context.retry_rejected and not tally.retried:
        tally.retried = True  # a pass that lists anew does not begin with them again
        for work in works:
            for window in windows(context.ledger.rejected(work.ledger)):
                context.ledger.judged(work.ledger, [(entry.uid, Outcome.PENDING, None) for entry in window])
    most = context.options.max_items_per_mailbox
    # Chosen once: when the first message has gone, whatever arrives is a later arrival, in a first pass cut off, too.
    if context.ledger.first_pass() and context.ledger.total().pending > most and not context.ledger.begun():
        left_out = context.ledger.skip_oldest(most, BEYOND_MAX_ITEMS)
        context.narrate.warning(EventKind.MESSAGE_SKIPPED, f"{left_out} messages are {BEYOND_MAX_ITEMS}")


def _copy(
    context: PassContext,
    works: Sequence[Work],
    places: Places,
    adoption: Adoption,
    progress: Progress,
    tally: Tally,
) -> bool:
    """Send all that is pending and settle all that is in doubt. False when stopping came first."""
    writing = Writing(context, adoption, Moves(context, places), progress, tally)
    folders = [work.ledger for work in works]
    while True:
        waiting = [work for work in works if context.ledger.counts(work.ledger).pending]
        if not waiting:
            writing.check_limit()
            return not context.control.stopping()
        if not writing.run(waiting):
            return False
        if not doubt.settle(context, folders, places):
            return False
        for work in waiting:
            progress.folder(work.ledger, work.plan.note)


def _advance(context: PassContext, works: Sequence[Work]) -> None:
    """Move the baselines of folders in which nothing is left open."""
    for work in works:
        opened, folder = work.opened, work.ledger
        if folder.adopting:
            folder = context.ledger.folders.adopted(folder)
        baseline = Baseline(opened.uidnext, opened.highestmodseq, opened.exists)
        if context.ledger.counts(folder).pending == 0 and folder.baseline != baseline:
            context.ledger.folders.advance(folder, baseline)
