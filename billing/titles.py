"""What the price list calls each SKU."""

from __future__ import annotations

from itertools import takewhile

from billing import prices


def of_skus() -> dict[str, str]:
    """For each SKU for sale the words that all its rows begin with."""
    return {
        sku: beginning([row.description for row in rows])
        for sku, rows in prices.active_book().by_sku().items()
    }


def beginning(descriptions: list[str]) -> str:
    """Up to the first comma, so much as all have: `Kling 2.1 std, 5 s, silent` is Kling 2.1."""
    heads = [one.partition(",")[0].split(" ") for one in descriptions]
    same = takewhile(lambda words: len(set(words)) == 1, zip(*heads, strict=False))
    return " ".join(words[0] for words in same) or descriptions[0]
