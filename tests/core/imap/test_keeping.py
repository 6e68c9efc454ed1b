from hypothesis import given
from hypothesis import strategies as st

from core.imap.keeping import Keeping
from core.mail.flags import Flags

ATOM = set(range(0x21, 0x7F)) - set(b'(){%*"\\]')


class Server:
    """Takes or refuses every keyword, and counts how often it was asked."""

    def __init__(self, answer: bool | None = True) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, keyword: str) -> bool | None:
        self.asked.append(keyword)
        return self.answer


def test_listed_flags_are_kept_without_asking() -> None:
    server = Server()
    keeping = Keeping(Flags.of(["\\Seen", "\\Draft", "Kunde", "\\*"]), server)
    kept = keeping.sort(["\\seen", "kunde", "\\Flagged", "\\Recent", "\\*"])
    assert (kept.flags, kept.dropped, kept.unsure) == (("\\seen", "kunde"), ("\\*", "\\Flagged", "\\Recent"), False)
    assert server.asked == []


def test_new_keywords_are_asked_for_once() -> None:
    for answer, kept_flags, dropped, unsure in (
        (True, ("New",), (), False),
        (False, (), ("New",), False),
        (None, ("New",), (), True),
    ):
        server = Server(answer)
        keeping = Keeping(Flags.of(["\\*"]), server)
        for _ in range(2):
            kept = keeping.sort(["New"])
            assert (kept.flags, kept.dropped, kept.unsure) == (kept_flags, dropped, unsure)
        assert keeping.sort(["nEW"]).unsure is unsure
        assert server.asked == ["New"]


def test_without_a_star_no_new_keyword_is_kept() -> None:
    server = Server()
    assert Keeping(Flags.of(["\\Seen"]), server).sort(["New"]).dropped == ("New",)
    assert Keeping(Flags(), server).sort(["\\Seen"]).dropped == ("\\Seen",)
    assert server.asked == []


def test_where_nothing_is_listed_system_flags_are_kept_and_keywords_asked_for() -> None:
    server = Server()
    keeping = Keeping(None, server)
    kept = keeping.sort(["\\Seen", "\\Flagged", "\\Nonsense", "New", "\\Recent"])
    assert kept.flags == ("New", "\\Flagged", "\\Seen")
    assert kept.dropped == ("\\Nonsense", "\\Recent")
    assert server.asked == ["New"]


@given(st.sets(st.text(min_size=1)))
def test_only_atoms_get_through(words: set[str]) -> None:
    server = Server()
    kept = Keeping(Flags.of(["\\*", "\\Seen"]), server).sort(words)
    assert set(kept.flags) | set(kept.dropped) == words
    for word in kept.flags:
        assert set(word.encode()) <= ATOM or word.lower() == "\\seen"
    assert set(server.asked) <= set(kept.flags)
