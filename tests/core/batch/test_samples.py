"""The sample batch files are what users begin with: each one loads, and is what its name says."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.batch.definition import KEYS, Batch, EwsDestination, ImapDestination
from core.batch.load import load
from core.batch.logins import destination_login, source_login
from core.batch.save import save
from core.cli.commands import BUILT

FOLDER = Path(__file__).resolve().parents[3] / "sample-configs"
SAMPLES = sorted(FOLDER.glob("*.toml"))
SITUATIONS = {
    "cyrus-admin",
    "dovecot-master-user",
    "dovecot-to-exchange",
    "exchange-direct",
    "exchange-ntlm-delegate",
    "folders-and-filters",
    "imap-to-imap",
    "rehearsal",
    "shared-tree",
}


def sample(name: str) -> Batch:
    return load(FOLDER / f"{name}.toml")


def exchange(name: str) -> EwsDestination:
    destination = sample(name).destination
    assert isinstance(destination, EwsDestination)
    return destination


def test_every_situation_has_its_sample() -> None:
    assert {path.stem for path in SAMPLES} >= SITUATIONS


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_it_loads_says_what_it_is_for_and_survives_saving(path: Path, tmp_path: Path) -> None:
    batch = load(path)
    assert path.read_text().startswith("# ")
    copy = tmp_path / path.name
    save(batch, copy)
    assert load(copy) == batch.at(copy)
    for mailbox in batch.mailboxes:
        assert source_login(batch, mailbox).reference
        assert destination_login(batch, mailbox).reference


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_it_fits_a_terminal(path: Path) -> None:
    assert all(len(line) <= 120 and "\t" not in line for line in path.read_text().splitlines())


@pytest.mark.parametrize("name", sorted(SITUATIONS))
def test_its_batch_is_called_as_the_file(name: str) -> None:
    assert sample(name).name == name


def test_the_samples_are_what_their_names_say() -> None:
    assert {mailbox.password for mailbox in sample("dovecot-to-exchange").mailboxes} >= {"file:passwords.toml#ann"}
    master = sample("dovecot-master-user").source.admin
    assert master is not None
    assert master.style == "{user}*{admin}"
    assert exchange("dovecot-master-user").access == "impersonation"
    cyrus = sample("cyrus-admin").source.admin
    assert cyrus is not None
    assert cyrus.style == "authzid"
    assert (exchange("exchange-ntlm-delegate").auth, exchange("exchange-ntlm-delegate").access) == ("ntlm", "delegate")
    assert exchange("exchange-direct").access == "direct"
    assert isinstance(sample("imap-to-imap").destination, ImapDestination)
    assert sample("imap-to-imap").warnings()
    assert [mailbox.root for mailbox in sample("shared-tree").mailboxes] == ["/users/ann", "/users/bob"]
    options = sample("folders-and-filters").options
    assert options.folder_map
    assert options.exclude_folders
    assert options.received_since


def used(table: dict[str, Any], place: tuple[str, ...]) -> set[str]:
    """The keys of one table of a sample; an IMAP destination's are those of the source."""
    if place == ("mailboxes",):
        return {key for mailbox in table["mailboxes"] for key in mailbox}
    if place[:1] == ("destination",):
        if table["destination"].get("kind", "ews") != place[1]:
            return set()
        place = ("destination", *place[2:])
    for name in place:
        table = table.get(name, {})
    return set(table)


def test_every_key_is_shown_in_some_sample() -> None:
    tables = [tomllib.loads(path.read_text()) for path in SAMPLES]
    shown = {place: {key for table in tables for key in used(table, place)} for place in KEYS}
    imap = ("destination", "imap")
    assert shown[imap] <= set(KEYS["source",]), "it takes what the source takes"
    assert {place: set(keys) - shown[place] for place, keys in KEYS.items() if place[:2] != imap} == {
        place: set() for place in KEYS if place[:2] != imap
    }


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_it_names_no_command_that_is_not_built(path: Path) -> None:
    assert set(re.findall(r"`?mailcutover ([a-z][a-z-]*)", path.read_text())) <= set(BUILT)
