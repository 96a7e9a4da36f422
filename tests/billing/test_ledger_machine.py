"""A short look at any history of a wallet; `make ledger` and the campaigns take a long one."""

from __future__ import annotations

import os

import pytest

from tests.billing import machine


@pytest.mark.hypothesis
def test_every_history_of_a_wallet_agrees_with_the_plain_rules() -> None:
    machine.play(int(os.environ.get("EXAMPLES", "25")))
