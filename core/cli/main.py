"""The command line: from arguments to an exit code of the contract."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from core import version
from core.cli.commands import Commands
from core.cli.invocation import Console, ConsoleOptions, Invocation
from core.cli.options import console_options
from core.cli.output import complain, complain_of_fault
from core.errors import EXIT_DONE, EXIT_STOPPED, EXIT_USAGE, MailcutoverError, UserError


def _say_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(f"mailcutover {version()}")
        context.exit()


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Move mailboxes, in batches, from any IMAP server to Exchange. Without a command, or with batch files "
    "instead of one, it opens the console.",
    epilog="BATCH is a file when it holds a / or ends in .toml, else the name of a batch that was run before.",
)
@click.option("--state", type=click.Path(path_type=Path), help="The state folder (or MAILCUTOVER_STATE).")
@console_options
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Say which it is.",
)
@click.pass_context
def commands(context: click.Context, state: Path | None) -> int | None:
    """The root of all commands."""
    context.obj.state = state
    if context.invoked_subcommand is not None:
        if context.obj.options != ConsoleOptions() and context.invoked_subcommand != "console":
            raise click.UsageError(
                f"--read-only, --ascii and --no-mouse are for the console, not for `{context.invoked_subcommand}`"
            )
        return None
    from core.cli.console import console

    return int(context.invoke(console, files=()))


def main(argv: Sequence[str] | None = None, console: Console | None = None) -> int:
    """Run a command and return its exit code. `console` opens the console; without it there is none here."""
    invocation = Invocation(console=console)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 must not end a migration
    try:
        result = commands.main(
            args=None if argv is None else list(argv), prog_name="mailcutover", obj=invocation, standalone_mode=False
        )
        return EXIT_DONE if result is None else int(result)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path.partition(" ")[2] if context else ""
        complain(f"{where}: {error.format_message()}" if where else error.format_message())
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        return EXIT_STOPPED
    except UserError as error:
        for problem in error.problems:
            complain(problem)
        return error.exit_code
    except MailcutoverError as error:
        complain(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001  whatever is left is a fault of our own
        return complain_of_fault(error, invocation.state)
