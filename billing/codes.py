"""Codes that people read to each other and type: letters that are not mistaken for another."""

from __future__ import annotations

import secrets

# No letter or digit that is taken for another: 31 of them, about 5 bits each.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_IN_A_GROUP = 4


def new(groups: int) -> str:
    """`XXXX-XXXX`, in so many groups of four: about 20 bits each."""
    letters = (secrets.choice(ALPHABET) for _ in range(groups * _IN_A_GROUP))
    return "-".join("".join(group) for group in zip(*[letters] * _IN_A_GROUP, strict=True))
