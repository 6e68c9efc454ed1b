"""Whole messages with what a server knows of them: flags, keywords, the instant they came, the folder they are in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from tests.generated.bodies import bodies, deep, sound_bodies
from tests.generated.headers import blocks, sound_blocks

SYSTEM = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted")
KEYWORDS = (
    "$Forwarded", "$MDNSent", "$Junk", "NonJunk", "$label1", "Work", "work", "Project-X", "a.b", "x/y", "a,b", "p;q",
    "'quoted'", "<tag>", "1", "NIL", "[bracket", "`tick", "|pipe", "k" * 60,
)  # fmt: skip
#: Instants at which servers trip: before their time, its first and last second, a leap second's, the far future.
_EDGES = (
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 2, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2000, 2, 29, 12, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2107, 1, 1, tzinfo=UTC),
    datetime(4500, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(9999, 12, 30, tzinfo=UTC),
)
_ZONES = (0, 60, -480, 330, -210, 825, 840, -720, 1)  # minutes east of Greenwich


@dataclass(frozen=True, slots=True)
class Letter:
    """One message at the source; `folder` is the number of the folder that it is in."""

    data: bytes
    folder: int
    flags: frozenset[str]
    received: datetime


def _received() -> st.SearchStrategy[datetime]:
    usual = st.datetimes(datetime(1985, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0)
    )
    moments = st.one_of(*[usual] * 12, st.sampled_from(_EDGES))
    zones = st.sampled_from(_ZONES).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    return st.builds(lambda moment, zone: moment.astimezone(zone), moments, zones)


#: A message in good form.
sound = st.builds(lambda head, body: head + b"MIME-Version: 1.0\r\n" + body, sound_blocks(), sound_bodies)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """The bytes of a message, at least one: half of them in good form, of the others any part may be in none."""
    kind = draw(st.integers(0, 39))
    if kind == 0:
        return draw(st.binary(min_size=1, max_size=200))
    if kind == 1:
        return draw(blocks()) or b"\r\n"
    if kind > 18:
        return bytes(draw(sound))
    head = draw(sound_blocks() if kind % 2 else blocks())
    data: bytes = head + b"MIME-Version: 1.0\r\n" + draw(deep() if kind == 2 else bodies)
    match draw(st.integers(0, 29)):
        case 0:
            data = data.replace(b"\r\n", b"\n")
        case 1:
            data = data.replace(b"\r\n", b"\n", draw(st.integers(1, 9)))
        case 2:
            data = data.replace(b"\r\n", b"\r")
        case 3:
            data = data[: draw(st.integers(1, 400))]
        case 4:
            data = data.rstrip(b"\r\n") or b"x"
        case 5:
            data += b"\r\n" * draw(st.integers(1, 5))
        case _:
            pass
    return data


def _flags() -> st.SearchStrategy[frozenset[str]]:
    system = st.sampled_from((*SYSTEM[:4] * 3, SYSTEM[4]))
    return st.builds(
        lambda some, words: frozenset((*some, *words)),
        st.lists(system, max_size=3),
        st.one_of(st.just([]), st.just([]), st.lists(st.sampled_from(KEYWORDS), max_size=4)),
    )


def letters(folders: int) -> st.SearchStrategy[Letter]:
    """A message in one of so many folders."""
    return st.builds(Letter, messages(), st.integers(0, folders - 1), _flags(), _received())
