import os
import select
import sys
from pathlib import Path

import pytest

from core.batch import secret_command, secret_file
from core.batch.secret_command import output
from core.batch.secrets import resolve
from core.errors import SecretError


def private(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    return path


def secret(reference: str, base: Path, user: str = "ann") -> str:
    return resolve(reference, base=base, user=user).reveal()


def refused(reference: str, base: Path, user: str = "ann") -> str:
    with pytest.raises(SecretError) as raised:
        resolve(reference, base=base, user=user)
    assert len(raised.value.problems) == 1
    assert "\n" not in raised.value.problems[0]
    return raised.value.problems[0]


def test_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANN", " pass:wörd ")
    assert secret("env:ANN", tmp_path) == " pass:wörd "
    monkeypatch.setenv("ANN", "other")
    assert secret("env:ANN", tmp_path) == "other"
    monkeypatch.setenv("ANN", "")
    assert refused("env:ANN", tmp_path) == "env:ANN: is there, but empty; put the secret there"
    monkeypatch.setitem(os.environb, b"ANN", b"p\xe4ss")
    assert refused("env:ANN", tmp_path) == "env:ANN: holds a NUL or what is not UTF-8, which no sign-in takes"
    monkeypatch.delenv("ANN")
    assert refused("env:ANN", tmp_path).startswith("env:ANN: there is no such environment variable; set and export it")


def test_the_first_line_of_a_file_beside_the_batch_file(tmp_path: Path) -> None:
    private(tmp_path / "pw", " one two \r\nthree\n")
    assert secret("file:pw", tmp_path) == " one two "
    assert secret(f"file:{tmp_path / 'pw'}", Path("/nowhere")) == " one two "
    private(tmp_path / "pw", b"\xef\xbb\xbfno line end")
    assert secret("file:pw", tmp_path) == "no line end"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o601, 0o644])
def test_a_file_that_others_can_read_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "pw", "hunter2\n")
    path.chmod(mode)
    said = refused("file:pw", tmp_path)
    assert said == f"file:pw: others can read or change the file (mode {mode:04o}); run: chmod 600 '{path}'"
    private(tmp_path / "pw.toml", "ann = 'x'").chmod(mode)
    assert "chmod 600" in refused("file:pw.toml#ann", tmp_path)


def test_files_that_yield_nothing(tmp_path: Path) -> None:
    assert refused("file:none", tmp_path) == (
        f"file:none: there is no such file ({tmp_path}/none); make it, and let nobody else read it"
    )
    (tmp_path / "folder").mkdir(mode=0o700)
    assert refused("file:folder", tmp_path) == "file:folder: is not a file"
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refused("file:pipe", tmp_path) == "file:pipe: is not a file"
    private(tmp_path / "latin", b"p\xe4ss\n")
    assert refused("file:latin", tmp_path) == "file:latin: is not UTF-8; save the file as UTF-8"
    private(tmp_path / "empty", "\nsecond\n")
    assert refused("file:empty", tmp_path) == "file:empty: is there, but empty; put the secret there"


def test_what_no_sign_in_takes(tmp_path: Path) -> None:
    private(tmp_path / "nul", "hunter\0two\n")
    private(tmp_path / "nul.toml", 'ann = "hunter\\u0000two"\n')
    for reference in ("file:nul", "file:nul.toml#ann", "command:cat nul"):
        said = refused(reference, tmp_path)
        assert said.endswith(": holds a NUL or what is not UTF-8, which no sign-in takes")
        assert "hunter" not in said


def test_one_entry_of_a_table(tmp_path: Path) -> None:
    private(tmp_path / "pw.toml", '"ann@x" = "one"\nbob = "two"\ncarol = 3\n"a#b" = "four"\n')
    assert secret("file:pw.toml#ann@x", tmp_path) == "one"
    assert secret("file:pw.toml#bob", tmp_path) == "two"
    assert "has no key of this name" in refused("file:pw.toml#dave", tmp_path)
    assert refused("file:pw.toml#carol", tmp_path).endswith("must be a string in quotes there, not an integer")


def test_a_broken_table_shows_nothing_of_itself(tmp_path: Path) -> None:
    private(tmp_path / "pw.toml", 'ann = "one"\nhunter2\n')
    said = refused("file:pw.toml#ann", tmp_path)
    assert "is no TOML" in said
    assert "hunter2" not in said


def test_a_table_is_read_once_and_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    read = secret_file._read

    def counted(path: Path) -> secret_file._Read:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(secret_file, "_read", counted)
    path = private(tmp_path / "pw.toml", 'ann = "one"\nbob = "two"\n')
    assert [secret("file:pw.toml#ann", tmp_path), secret("file:pw.toml#bob", tmp_path)] == ["one", "two"]
    assert len(reads) == 1
    private(path, 'ann = "uno"\nbob = "two"\n')
    assert secret("file:pw.toml#ann", tmp_path) == "uno"
    path.chmod(0o644)
    assert "chmod 600" in refused("file:pw.toml#ann", tmp_path)
    path.unlink()
    assert "no such file" in refused("file:pw.toml#ann", tmp_path)


def script(folder: Path, text: str) -> str:
    path = folder / "helper.py"
    path.write_text(f"import os, sys, time\n{text}\n")
    return f"'{sys.executable}' '{path}'"


def test_the_first_line_of_a_commands_output(tmp_path: Path) -> None:
    command = script(tmp_path, "print('  s3cret '); print('second')")
    assert secret(f"command:{command}", tmp_path) == "  s3cret "


def test_the_login_is_filled_in_word_by_word_without_a_shell(tmp_path: Path) -> None:
    command = script(tmp_path, "print(sys.argv[1:])")
    login = "ann; echo $HOME 'x\"; `id` {user}"
    assert secret(f"command:{command} mail/{{user}} '{{user}}' x", tmp_path, login) == str(
        [f"mail/{login}", login, "x"]
    )


def test_a_login_never_becomes_an_option(tmp_path: Path) -> None:
    command = script(tmp_path, "print(sys.argv[1:])")
    assert "would be taken for an option" in refused(f"command:{command} {{user}}", tmp_path, "--help")
    assert secret(f"command:{command} mail/{{user}}", tmp_path, "--help") == "['mail/--help']"


def test_a_command_runs_beside_the_batch_file(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\npwd\n")
    tool.chmod(0o700)
    assert secret("command:./tool", tmp_path) == str(tmp_path.resolve())


def test_a_command_has_no_terminal_no_input_and_its_errors_stay_away(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = """
sys.stderr.write("noise\\n")
try:
    os.open("/dev/tty", os.O_RDWR)
except OSError:
    print(repr(sys.stdin.read()), "no terminal")
"""
    assert secret(f"command:{script(tmp_path, text)}", tmp_path) == "'' no terminal"
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_commands_that_yield_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert refused("command:no-such-program x", tmp_path) == (
        "command:no-such-program ...: the command cannot be started: No such file or directory"
    )
    failing = script(tmp_path, "print('hunter2'); sys.stderr.write('hunter2'); sys.exit(3)")
    said = refused(f"command:{failing}", tmp_path)
    assert said.endswith("the command failed with exit code 3; run it by hand to see why")
    assert "hunter2" not in said
    killed = script(tmp_path, "os.kill(os.getpid(), 9)")
    assert "the command ended by signal 9" in refused(f"command:{killed}", tmp_path)
    silent = script(tmp_path, "pass")
    assert "is there, but empty" in refused(f"command:{silent}", tmp_path)
    latin = script(tmp_path, "sys.stdout.buffer.write(b'p\\xe4ss\\n')")
    assert "first line is not UTF-8" in refused(f"command:{latin}", tmp_path)
    assert capfd.readouterr().err == ""


def ended(pid: int) -> bool:
    """Whether a process that was killed is gone, within half a minute."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 30)[0])
    finally:
        os.close(descriptor)


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    text = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pids", "w").write(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""
    script(tmp_path, text)
    with pytest.raises(SecretError, match=r"took longer than 3 s and was ended"):
        output([sys.executable, "helper.py"], tmp_path, "ann", time_limit=3)
    for pid in (tmp_path / "pids").read_text().split():
        assert ended(int(pid))


def test_endless_output_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match=r"took longer than 0\.3 s"):
        output(["yes", "x" * 1000], tmp_path, "ann", time_limit=0.3)


def test_much_output_is_read_away(tmp_path: Path) -> None:
    command = script(tmp_path, "print('s3cret'); print('x' * 5_000_000)")
    assert secret(f"command:{command}", tmp_path) == "s3cret"


def test_what_a_command_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    text = """
import subprocess
print("s3cret", flush=True)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pid", "w").write(str(child.pid))
"""
    command = script(tmp_path, text)
    try:
        assert secret(f"command:{command}", tmp_path) == "s3cret"
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 9)


def test_the_time_limit_is_the_contracts() -> None:
    assert secret_command.TIME_LIMIT == 30.0


def test_a_bare_password_is_not_repeated(tmp_path: Path) -> None:
    said = refused("hunter2", tmp_path)
    assert said.startswith("is not a secret reference")
    assert "hunter2" not in said
    assert '"env:NAME"' in said
