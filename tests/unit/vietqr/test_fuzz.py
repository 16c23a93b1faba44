"""A short run of `python -m benchmarks.fuzz_vietqr`, and any text at all."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fuzz_vietqr import check, run

from .payloads import signed


def test_mutated_payloads() -> None:
    verdicts = run(inputs=20_000, seed=1)
    assert set(verdicts) == {"ok", "lenient", "other_scheme", "reject"}


@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    check(text)


@given(st.lists(st.tuples(st.integers(0, 99), st.text("01A đ", min_size=1, max_size=9))))
def test_any_objects(objects: list[tuple[int, str]]) -> None:
    check(signed("".join(f"{tag:02d}{len(value):02d}{value}" for tag, value in objects)))
