"""`import-csv`: a batch file from a list of mailboxes."""

import json
from pathlib import Path

import click

from core.batch.import_list import import_list
from core.cli.options import json_option, state_option
from core.cli.output import complain, say

_FILE = click.Path(path_type=Path)


@click.command(
    "import-csv",
    help="Make a batch file from a list of mailboxes: Microsoft's CSV (EmailAddress,UserName,Password[,UserRoot]) or "
    "imapsync's (host1;user1;password1;host2;user2;password2;). Servers and options are those of another batch file, "
    "which needs no [[mailboxes]]. Passwords go into a file of their own, which only you can read.",
)
@click.argument("file", type=_FILE)
@click.option("--like", required=True, metavar="BATCH.toml", type=_FILE, help="Take servers and options from it.")
@click.option("--out", required=True, metavar="NEW.toml", type=_FILE, help="The new batch file, called as the batch.")
@json_option
@state_option
def import_csv(file: Path, like: Path, out: Path, as_json: bool) -> None:
    """Make it, or tell every problem of both files."""
    made = import_list(file, like, out)
    for note in made.notes:
        complain(note)
    if as_json:
        say(
            [
                json.dumps(
                    {
                        "batch": made.name,
                        "file": str(made.file),
                        "mailboxes": made.mailboxes,
                        "passwords": None if made.passwords is None else str(made.passwords),
                        "notes": list(made.notes),
                    }
                )
            ]
        )
        return
    said = f"{made.file}: batch {made.name}, {_number(made.mailboxes, 'mailbox', 'es')}"
    if made.passwords is not None:
        said += f"; {_number(made.secrets, 'password')} in {made.passwords}, which only you can read"
    say([said])


def _number(number: int, word: str, plural: str = "s") -> str:
    return f"{number} {word}{'' if number == 1 else plural}"
