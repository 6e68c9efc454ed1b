import hashlib
import tempfile

from core.mail.body import Body

DATA = bytes(range(256)) * 1000


def test_both_kinds_give_the_same_bytes_again_and_again() -> None:
    file = tempfile.TemporaryFile()  # noqa: SIM115  the body owns it
    file.write(DATA)
    for body in (Body.of(DATA), Body.spooled(file, len(DATA))):
        assert b"".join(body.chunks(999)) == DATA
        assert body.read() == DATA
        assert body.sha256() == hashlib.sha256(DATA).digest()
        assert body.size == len(DATA)
        body.close()
        body.close()
    assert file.closed


def test_a_spooled_body_holds_no_memory() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(DATA)
        body = Body.spooled(file, len(DATA))
        assert (body.memory, body.in_memory) == (0, False)
        assert (Body.of(DATA).memory, Body.of(DATA).in_memory) == (len(DATA), True)
