from core.mail.size import about, above


def test_sizes_are_in_the_batch_file_s_units() -> None:
    assert [about(size) for size in (1, 900, 4096, 35 << 20)] == ["1 byte", "900 bytes", "4.0 KB", "35.0 MB"]


def test_a_size_never_looks_like_the_limit_that_it_is_above() -> None:
    assert above(40 << 20, 35 << 20) == ("40.0 MB", "35.0 MB")
    assert above((35 << 20) + 1, 35 << 20) == ("36,700,161 bytes", "36,700,160 bytes")
