"""The console: ticks go to the dashboard, keys to the helm. No mail is moved here."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path, PurePath
from typing import ClassVar

from textual import events, on
from textual.message import Message

from core.clock import Clock
from core.errors import EXIT_DONE, EXIT_STOPPED, StateError
from core.store.database import Database
from tui import recall, theme
from tui.dialogs import Dialogs
from tui.driver import SafeDriver, TerminalLost
from tui.forms import Forms
from tui.helm import Helm
from tui.lasting import LastingApp, Leave
from tui.limits import Limits
from tui.link import Link
from tui.log_desk import LogDesk
from tui.pace import Pace
from tui.prompts import Prompts
from tui.runs import Runs
from tui.safe import ASCII
from tui.screens import quit as quitting
from tui.screens.dashboard import Dashboard
from tui.screens.help import Help
from tui.screens.palette import Palette
from tui.screens.too_small import TooSmall, too_small
from tui.session import Session
from tui.settings import Settings
from tui.theme import Tone
from tui.tick import Reader, Tick
from tui.widgets.line_widget import Cell


class Ticked(Message):
    """The store was read, or could not be."""

    def __init__(self, answer: Tick | Exception) -> None:
        super().__init__()
        self.answer = answer


class Console(LastingApp, inherit_bindings=False):
    """Ends with an exit code."""

    TITLE = "mailcutover"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "styles/tones.tcss",
        "styles/dashboard.tcss",
        "styles/dialogs.tcss",
        "styles/form.tcss",
        "styles/ascii.tcss",
    ]
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(
        self,
        database: Database,
        runs: Runs,
        clock: Clock,
        files: Sequence[Path] = (),
        *,
        environ: Mapping[str, str],
        zone: tzinfo | None = None,
        settings: Settings | None = None,
        session: Session | None = None,
        ascii_: bool = False,
        read_only: bool = False,
    ) -> None:
        settings = settings or Settings()
        look = theme.chosen(settings.theme, environ)
        super().__init__(driver_class=SafeDriver, ansi_color=True if look is theme.PLAIN else None)
        for known in theme.ALL:
            self.register_theme(known)
        self.theme = look.name
        self.set_class(ascii_, ASCII)
        self.runs = runs
        session = session or Session()
        reader = Reader(database, clock, partial(recall.opening, session))
        self.link = Link(reader, self._take, Pace.of(environ, settings.rate))
        self.keymap = settings.keymap
        self.set_keymap(self.keymap.own)
        dialogs = Dialogs(self, self.flash, self.keymap)
        forms = Forms(self, runs, dialogs, self.keymap, lambda batch: self.dashboard.choose(batch))  # noqa: PLW0108 - it is made below
        self.helm = Helm(runs, dialogs, self.keymap, Limits(database, dialogs), forms, read_only=read_only)
        prompts = Prompts(self, self.keymap)
        desk = LogDesk(self, database, clock, prompts, self.flash)
        self.dashboard = Dashboard(self.helm, prompts, desk, self.link.look, self.begin, self.keymap, session, zone)
        self._files = files
        self._read_only = read_only

    def get_default_screen(self) -> Dashboard:
        """The dashboard lies below everything."""
        return self.dashboard

    def on_load(self) -> None:
        """Begin to read, while the panes are made."""
        self.link.start()

    def begin(self) -> None:
        """All panes are there: fill them before they are painted for the first time, then open what was named."""
        if (answer := self.link.first()) is not None:
            self.show(Ticked(answer))
        if self._files:
            self.call_after_refresh(self.run_worker, self._open, group="open")

    async def _open(self) -> None:
        names = [await self.helm.add(path) for path in self._files]
        first = next((name for name in names if name is not None), None)
        if first is not None:
            self.dashboard.choose(first)

    def on_unmount(self) -> None:
        """Read no more."""
        self.link.close()

    # --- ticks -----------------------------------------------------------------------------------------------------

    def _take(self, answer: Tick | Exception) -> None:
        """From the link's thread."""
        self.post_message(Ticked(answer))

    @on(Ticked)
    def show(self, message: Ticked) -> None:
        """Show what was read; then the next may come."""
        if not self.is_running:  # the panes are being taken down
            return
        answer = message.answer
        backlog = self.backlog  # before we add to it
        if isinstance(answer, Tick):
            self.dashboard.show(answer, self._remark())
        elif isinstance(answer, StateError):
            self.dashboard.status.alarm(Cell(str(answer), Tone.BAD))
        else:
            raise answer
        self.call_after_refresh(self.link.shown, backlog)

    def _remark(self) -> Cell | None:
        pace = self.link.pace
        if pace.slow:
            return Cell(f"slow link: every {pace.seconds:g} s", Tone.WAIT)
        return Cell("looks on only", Tone.DIM) if self._read_only else None

    def flash(self, word: str, tone: Tone = Tone.PLAIN) -> None:
        """Say a word at the bottom."""
        self.dashboard.key_bar.flash(word, tone)

    # --- keys ------------------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help(self.keymap))

    def action_palette(self) -> None:
        """Every action by its name."""
        self.push_screen(Palette(self.keymap, self.dashboard.entries()), self.dashboard.perform)

    def action_leave(self) -> None:
        """Quit; while batches run here, ask how."""
        if self.runs.ended:
            self.exit(EXIT_DONE)
        else:
            self.push_screen(quitting.ask([run.name for run in self.runs.active()]), self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer in {quitting.KEEP, quitting.PAUSE, quitting.STOP}:
            code = EXIT_DONE if answer == quitting.KEEP else None
            stopping = quitting.Stopping(self.runs, answer)
            self.push_screen(stopping, lambda _: self.exit(self.runs.exit_code if code is None else code))

    # --- ends that nobody asked for --------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Say so when the terminal is too small for anything truthful."""
        self.sent.forget()
        small = too_small(event.size)
        if small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())
        elif not small and isinstance(self.screen, TooSmall):
            self.pop_screen()

    @on(Leave)
    @on(TerminalLost)
    def end(self, message: Message) -> None:
        """What runs here stops, to go on elsewhere when nobody looks any more; the screen does not wait for it."""
        (self.runs.hand_over if isinstance(message, TerminalLost) else self.runs.stop)()
        self.exit(EXIT_STOPPED)
