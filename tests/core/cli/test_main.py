"""Which command is meant, how errors end, and what is not imported."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.cli import status
from core.cli.commands import BUILT, PROMISED
from core.cli.invocation import ConsoleOptions
from core.cli.main import main
from core.store.database import Database

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine

CONTRACT = {"run", "check", "status", "pause", "resume", "stop", "log"} | {
    "verify",
    "complete",
    "approve",
    "report",
    "import-csv",
    "remove",
}


def test_every_command_of_the_contract_is_built_or_refused_by_name() -> None:
    assert {*BUILT, *PROMISED} == CONTRACT


@pytest.mark.parametrize("name", PROMISED)
def test_what_is_not_built_yet_says_so(cli: "CommandLine", name: str) -> None:
    ended = cli(name, "sales.toml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"mailcutover: `{name}` is not built yet; there are {', '.join(BUILT)}\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("statsu", "there is no command `statsu`; did you mean `status`?"),
        ("stoop", "there is no command `stoop`; did you mean `stop`?"),
        ("verfy", "there is no command `verfy`; did you mean `verify`?"),
        ("zzz", "there is no command `zzz`; there are run, status,"),
        ("sales\x1b[31m", "there is no command `sales␛[31m`"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest(cli: "CommandLine", typed: str, said: str) -> None:
    ended = cli(typed)
    assert ended.code == 2
    assert ended.err.startswith(f"mailcutover: {said}")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    "args", [["run"], ["run", "a", "b"], ["status", "--jsn"], ["--bad"], ["log", "x", "--level", "loud"]]
)
def test_wrong_usage_is_one_line_and_exit_code_2(cli: "CommandLine", args: list[str]) -> None:
    ended = cli(*args)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1


class TestConsole:
    @pytest.mark.parametrize(
        ("args", "files"),
        [
            ([], []),
            (["sales.toml"], ["sales.toml"]),
            (["./sales", "b.toml"], ["./sales", "b.toml"]),
            (["/a/b.toml", "--state", "/elsewhere"], ["/a/b.toml"]),
        ],
    )
    def test_no_command_or_batch_files_mean_the_console(self, args: list[str], files: list[str]) -> None:
        seen: list[tuple[list[str], Path | None]] = []

        def console(given: Sequence[Path], state: Path | None, options: ConsoleOptions) -> int:
            assert options == ConsoleOptions()
            seen.append(([str(path) for path in given], state))
            return 3

        assert main(["--state", "/first", *args], console=console) == 3
        assert seen == [([str(Path(file)) for file in files], Path("/elsewhere" if "--state" in args else "/first"))]

    @pytest.mark.parametrize(
        ("args", "options"),
        [
            (["--read-only"], ConsoleOptions(read_only=True)),
            (["--no-mouse", "--read-only"], ConsoleOptions(read_only=True, mouse=False)),
            (["a.toml", "--no-mouse"], ConsoleOptions(mouse=False)),
        ],
    )
    def test_how_it_is_opened(self, args: list[str], options: ConsoleOptions) -> None:
        seen: list[ConsoleOptions] = []

        def console(given: Sequence[Path], state: Path | None, options: ConsoleOptions) -> int:
            del given, state
            seen.append(options)
            return 0

        assert main(args, console=console) == 0
        assert seen == [options]

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["a.toml", "--read-only"], "--read-only opens no batch file"),
            (["--read-only", "status"], "--read-only, --ascii and --no-mouse are for the console, not for `status`"),
        ],
    )
    def test_what_does_not_go_together(self, args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(args, console=lambda *_: 0) == 2
        assert said in capsys.readouterr().err

    def test_without_a_screen_there_is_none(self, cli: "CommandLine") -> None:
        ended = cli()
        assert ended.code == 2
        assert "no console" in ended.err

    def test_it_is_no_command_of_its_own(self, cli: "CommandLine") -> None:
        assert cli("console").code == 2
        assert "console" not in cli("--help").out.split("Commands:")[1].split("BATCH is")[0]


class TestFaults:
    def test_a_fault_leaves_a_crash_file_and_one_line(
        self, cli: "CommandLine", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            password = "hunter2"
            raise KeyError(f"Authorization: Basic {password}")

        monkeypatch.setattr(status, "status_object", broken)
        ended = cli("status", "--json")
        assert (ended.code, ended.out) == (70, "")
        (crash,) = cli.state.glob("crash-*.txt")
        assert ended.err == (f"mailcutover: a fault of mailcutover's own (KeyError); the details are in {crash}\n")
        assert crash.stat().st_mode & 0o777 == 0o600
        text = crash.read_text()
        assert "Traceback (most recent call last)" in text
        assert "in broken" in text
        assert "hunter2" not in text, "neither of the message nor of the local variables"

    def test_it_is_written_somewhere_even_without_a_state_folder(
        self, cli: "CommandLine", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(status, "status_object", broken)
        monkeypatch.setattr("core.cli.crash.state_folder", _no_state)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        assert cli("status", "--json").code == 70
        assert len(list(tmp_path.glob("crash-*.txt"))) == 1

    def test_a_state_folder_that_cannot_be_is_the_users_to_mend(self, cli: "CommandLine") -> None:
        cli.state.write_text("a file")
        ended = cli("status")
        assert ended.code == 2
        assert "Traceback" not in ended.err
        assert ended.err.startswith("mailcutover: ")


def _no_state(_: object) -> Path:
    from core.errors import StateError

    raise StateError("none to be had")


def python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False, timeout=60)


def test_no_command_imports_a_screen_or_a_server_library() -> None:
    code = (
        "import sys, core.cli.main, core.__main__\n"
        "from core.cli.commands import BUILT, module_of\n"
        "for name in [*BUILT, 'console']: __import__(module_of(name))\n"
        "slow = {'textual', 'rich', 'exchangelib', 'imapclient', 'requests', 'tui'}\n"
        "print(sorted(slow & {name.partition('.')[0] for name in sys.modules}))\n"
    )
    assert python(code).stdout == "[]\n"


def test_status_imports_no_batch_file_no_engine_and_no_sqlalchemy(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    code = (
        "import sys, core.cli.main\n"
        "core.cli.main.main(['--state', sys.argv[1], 'status', '--json'])\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'pydantic', 'sqlalchemy'}"
        " or name.startswith(('core.batch.', 'core.engine.', 'core.sync.'))), file=sys.stderr)\n"
    )
    assert python(code, str(tmp_path)).stderr == "[]\n"


def test_the_module_runs(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "core", "status", "--json"],
        env=environment | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, '{\n  "batches": []\n}\n', "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(environment: dict[str, str], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "core", "status"],
        env=environment | {"PYTHONUNBUFFERED": unbuffered},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
