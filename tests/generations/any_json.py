"""Whatever JSON can say, with the words a door knows more often than chance would."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

_LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        ["kling-v1", "kling-v3", "simple", "5", 5, "std", "\x00", "http://[", "1e400"]
    )
)
VALUES = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def bodies(*names: str) -> st.SearchStrategy[dict[str, object]]:
    """Objects whose members are mostly named so."""
    return st.dictionaries(st.sampled_from(names) | st.text(max_size=8), VALUES, max_size=6)


@cache
def key() -> str:
    """The test key of a customer made for all examples."""
    from tests.generations import programs

    return programs.funded("fuzzer").test_key
