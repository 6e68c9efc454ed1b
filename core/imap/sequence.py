"""UID sets as commands want them (RFC 3501, sequence-set), short enough for one line."""

from collections.abc import Iterator, Sequence

#: UIDs in one command. A set of single numbers stays below the 8 KB that RFC 7162 (section 4) lets a client count on.
_WINDOW = 500


def uid_sets(uids: Sequence[int], window: int = _WINDOW) -> Iterator[bytes]:
    """Ascending UIDs in sets of at most `window`, runs as ranges: ``1:3,7``."""
    for start in range(0, len(uids), window):
        yield _ranges(uids[start : start + window])


def _ranges(uids: Sequence[int]) -> bytes:
    pieces: list[str] = []
    first = last = uids[0]
    for uid in [*uids[1:], None]:
        if uid == last + 1:
            last = uid
            continue
        pieces.append(str(first) if first == last else f"{first}:{last}")
        if uid is not None:
            first = last = uid
    return ",".join(pieces).encode("ascii")
