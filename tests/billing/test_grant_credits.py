"""An operator gives credits by hand: once per reference, with a line in the audit."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts import tenancy
from accounts.models import AuditEvent
from tests.generations.programs import available, funded


def test_a_reference_gives_its_credits_once(capsys: pytest.CaptureFixture[str]) -> None:
    alice = funded()
    before = available(alice, livemode=True)
    for _ in range(2):
        call_command(
            "grant_credits",
            alice.organisation.public_id,
            "250",
            reason="Paid by bank transfer",
            reference="INV-7",
        )
    assert available(alice, livemode=True) == before + 250
    assert capsys.readouterr().out.splitlines() == [
        f"250 live credits to {alice.organisation.name}.",
        "Reference INV-7 gave these before; nothing was posted.",
    ]
    with tenancy.scope(alice.organisation.pk):
        assert AuditEvent.objects.filter(action="credits.granted", subject="INV-7").count() == 1


def test_what_cannot_be_given_is_said_and_nothing_moves() -> None:
    alice = funded()
    before = available(alice)
    words = {"reason": "by mistake", "reference": "INV-8"}
    with pytest.raises(CommandError, match="There is no organisation org_nobody"):
        call_command("grant_credits", "org_nobody", "5", **words)
    for amount in ("0", "1000000000001", "9" * 30):
        with pytest.raises(CommandError, match="out of range, 1 to 1,000,000,000,000"):
            call_command("grant_credits", alice.organisation.public_id, amount, test=True, **words)
    call_command("grant_credits", alice.organisation.public_id, "5", test=True, **words)
    with pytest.raises(CommandError):
        call_command("grant_credits", alice.organisation.public_id, "6", test=True, **words)
    assert available(alice) == before + 5
    for name, most in (("reference", 111), ("reason", 300)):
        nothing = {**words, name: " "}
        with pytest.raises(CommandError, match=f"--{name} is empty"):
            call_command("grant_credits", alice.organisation.public_id, "5", test=True, **nothing)
        long = {**words, name: "x" * (most + 1)}
        with pytest.raises(CommandError, match=f"--{name} has at most {most} characters"):
            call_command("grant_credits", alice.organisation.public_id, "5", test=True, **long)
    longest = {"reference": "x" * 111, "reason": "y" * 300}
    call_command("grant_credits", alice.organisation.public_id, "5", test=True, **longest)
    assert available(alice) == before + 10
