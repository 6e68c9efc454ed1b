"""What is meant when no command is: the console."""

from pathlib import Path

import click

from core.cli.options import console_options, state_option
from core.errors import UserError


@click.command(hidden=True)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@console_options
@state_option
@click.pass_context
def console(context: click.Context, files: tuple[Path, ...]) -> int:
    """Open the console, with these batches."""
    if context.obj.console is None:
        raise UserError("there is no console in `python -m core`; run `mailcutover`, or a command (see --help)")
    if files and context.obj.options.read_only:
        raise UserError("--read-only opens no batch file; without one it shows every batch that was opened before")
    return int(context.obj.console(files, context.obj.state, context.obj.options))
