"""Which commands there are. Each is loaded when it is called, so that `status` does not wait for what `run` needs."""

import difflib
import importlib

import click

#: Name, module and attribute are one but for the hyphen; the text is what `--help` says of it.
BUILT = {
    "run": "move a batch, headless: one pass over each mailbox",
    "status": "what is, and who runs it",
    "pause": "hold a batch or a mailbox; its process stays",
    "resume": "let it go on",
    "stop": "end the run at a message boundary",
    "log": "the events of a batch, and live",
    "import-csv": "a batch file from a list of mailboxes, Microsoft's or imapsync's",
    "remove": "forget a batch; never touches mail",
}
#: In the contract, and refused by name until they do what it says.
PROMISED = ("check", "verify", "complete", "approve", "report")
_CONSOLE = "console"


class Commands(click.Group):
    """The commands by name; without one, or with batch files instead, the console."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of a migration."""
        return list(BUILT)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command."""
        if cmd_name not in BUILT and cmd_name != _CONSOLE:
            return None
        command = getattr(importlib.import_module(module_of(cmd_name)), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; batch files mean the console."""
        first = args[0]
        if first in BUILT:
            return first, self.get_command(ctx, first), args[1:]
        if first.endswith(".toml") or "/" in first:
            return _CONSOLE, self.get_command(ctx, _CONSOLE), args
        raise _refusal(ctx, first)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List them without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(BUILT.items()))


def module_of(name: str) -> str:
    """The module that a command is in."""
    return f"core.cli.{name.replace('-', '_')}"


def _refusal(ctx: click.Context, name: str) -> click.UsageError:
    if name in PROMISED:
        return click.UsageError(f"`{name}` is not built yet; there are {', '.join(BUILT)}")
    if name.startswith("-"):
        return click.NoSuchOption(name, ctx=ctx)
    near = difflib.get_close_matches(name, [*BUILT, *PROMISED], n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(BUILT)}; a batch file opens the console"
    return click.UsageError(f"there is no command `{name}`; {hint}")
