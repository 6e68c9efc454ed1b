"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _remember(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.obj.state = value


def state_option(command: F) -> F:
    """`--state DIR`, as after `mailcutover` itself."""
    return click.option(
        "--state",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_remember,
        help="The state folder (or MAILCUTOVER_STATE).",
    )(command)


def _look_on(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.obj.options.read_only = True


def _leave_mouse(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.obj.options.mouse = False


def _draw_plainly(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.obj.options.ascii = True


def console_options(command: F) -> F:
    """What says how the console is opened; as after `mailcutover` itself."""
    for name, callback, text in (
        ("--no-mouse", _leave_mouse, "Console: leave the mouse to the terminal."),
        ("--ascii", _draw_plainly, "Console: draw with ASCII characters alone."),
        ("--read-only", _look_on, "Console: look on, and steer nothing."),
    ):
        command = click.option(name, is_flag=True, expose_value=False, callback=callback, help=text)(command)
    return command


def json_option(command: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def mailbox_option(command: F) -> F:
    """`--mailbox A`, as often as there are mailboxes to name."""
    return click.option(
        "--mailbox",
        "mailboxes",
        multiple=True,
        metavar="A",
        help="Only this mailbox, by its source login or its destination address; may be given again.",
    )(command)


def batch_argument(command: F) -> F:
    """BATCH: a file or a name."""
    return click.argument("batch", metavar="BATCH")(command)
