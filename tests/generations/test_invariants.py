"""Each promise about a generation is found broken when somebody breaks it behind our back."""

from __future__ import annotations

import io
import secrets
from typing import Any

import pytest
from django.core.management import call_command

from accounts import tenancy
from accounts.models import Organisation
from generations import invariants, lifecycle, storage
from generations.models import (
    Alarm,
    AlarmKind,
    Attempt,
    AttemptOutcome,
    Audio,
    Generation,
    ProviderAccount,
    Video,
)
from tests.billing import purse
from tests.generations.orders import parked
from tests.generations.programs import funded


@pytest.fixture
def order() -> Generation:
    """An accepted order nobody works on."""
    return parked(funded())


def broken(order: Generation) -> set[str]:
    """The numbers of the rules that do not hold in its organisation."""
    return {b.rule.split()[0] for b in invariants.breaches(order.organisation_id)}


def tamper(table: str, change: str, order: Generation) -> None:
    """An owner's hand, past every trigger and constraint that can be switched off."""
    purse.as_owner(
        f"ALTER TABLE {table} DISABLE TRIGGER USER;"
        f"UPDATE {table} {change} AND organisation_id = {order.organisation_id};"
        f"ALTER TABLE {table} ENABLE TRIGGER USER"
    )


def test_an_order_and_its_end_break_nothing(order: Generation) -> None:
    assert broken(order) == set()
    assert lifecycle.cancel(order)
    assert broken(order) == set()


@pytest.mark.parametrize(
    ("table", "change", "rules"),
    [
        (
            "billing_hold",
            "SET status = 'released', settled_at = now() WHERE status = 'pending'",
            {"I5", "I7"},
        ),
        (
            "generations_generation",
            "SET deadline_at = now() - interval '2 hours' WHERE finished_at IS NULL",
            {"I8"},
        ),
        (
            "generations_generationevent",
            "SET status = 'failed' WHERE status = 'accepted'",
            {"I12"},
        ),
    ],
)
def test_what_somebody_changes_is_named(
    order: Generation,
    table: str,
    change: str,
    rules: set[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tamper(table, change, order)
    assert broken(order) == rules
    with tenancy.scope(order.organisation_id):
        organisation = Organisation.objects.get().public_id
    with pytest.raises(SystemExit):
        call_command("check_ledger", organisation=organisation)
    said = "1 broken promise" if len(rules) == 1 else "2 broken promises"
    assert capsys.readouterr().out.endswith(f" Above: {said}.\n")
    assert any(order.public_id in b.offender for b in invariants.breaches(order.organisation_id))


def account(credential: str = "none") -> ProviderAccount:
    """One that is asked for nothing."""
    made = ProviderAccount(
        name=f"proof-{secrets.token_hex(4)}", protocol="segmind", enabled=False,
        base_url="http://127.0.0.1:1", serves_live=False,
    )  # fmt: skip
    made.set_credential(credential)
    made.save()
    return made


def tried(order: Generation, at: ProviderAccount, number: int, **more: Any) -> Attempt:
    with tenancy.scope(order.organisation_id):
        made: Attempt = Attempt.objects.create(
            organisation_id=order.organisation_id, livemode=order.livemode, generation=order,
            number=number, account=at, external_id=f"{order.public_id}-{number}", **more,
        )  # fmt: skip
    return made


@pytest.mark.parametrize("first", ["accepted", "unknown", "abandoned"])
def test_an_order_that_two_upstreams_may_bill_is_named(order: Generation, first: str) -> None:
    upstream = account()
    tried(order, upstream, 1, outcome=AttemptOutcome.REJECTED)
    tried(order, upstream, 2, outcome=AttemptOutcome(first))
    assert broken(order) == set()
    tried(order, upstream, 3, outcome=AttemptOutcome.ABANDONED)
    assert broken(order) == {"I9"}


@pytest.mark.parametrize(
    ("kind", "rules"),
    [("text2video", {"I6"}), ("text-to-audio", {"I6"}), ("custom-voice", set())],
)
def test_facts_are_enough_only_where_they_are_all_that_was_ordered(
    order: Generation, kind: str, rules: set[str]
) -> None:
    tamper("generations_generation", f"SET kind = '{kind}' WHERE true", order)
    with tenancy.scope(order.organisation_id):
        Generation.objects.filter(pk=order.pk).update(status="storing", made={"facts": {"id": 1}})
        order = Generation.objects.get(pk=order.pk)
    assert lifecycle.succeed(order)
    assert broken(order) & {"I6"} == rules


def stored(order: Generation, suffix: str) -> str:
    key = f"films/{order.public_id}/{secrets.token_hex(16)}{suffix}"
    storage.put(key, io.BytesIO(b"not what was verified"))
    return key


def test_a_sound_that_is_not_the_one_that_was_verified_and_a_lost_poster_are_named(
    order: Generation,
) -> None:
    sound, film = stored(order, ".mp3"), stored(order, ".mp4")
    poster = film.replace(".mp4", ".webp")
    common = {
        "organisation_id": order.organisation_id, "livemode": order.livemode,
        "generation": order, "bytes": 1, "sha256": "ab" * 32, "duration_ms": 1,
    }  # fmt: skip
    with tenancy.scope(order.organisation_id):
        rows = [
            Audio.objects.create(key=sound, content_type="audio/mpeg", **common),
            Video.objects.create(
                key=film,
                poster_key=poster,
                preview_due_at=None,
                has_sound=False,
                width=1,
                height=1,
                **common,
            ),
        ]
    assert {sound, film, poster} <= {each.offender for each in invariants.file_breaches()}
    with tenancy.scope(order.organisation_id):
        for row in rows:
            row.delete()


def test_a_film_or_a_sound_of_another_organisation_is_named(order: Generation) -> None:
    mallory = funded().organisation.pk
    common = {
        "organisation_id": mallory, "livemode": order.livemode, "generation": order, "key": "none",
        "bytes": 1, "sha256": "ab" * 32, "duration_ms": 1,
    }  # fmt: skip
    film = {"preview_due_at": None, "has_sound": False, "width": 1, "height": 1}
    for model, more in ((Video, film), (Audio, {"content_type": "audio/mpeg"})):
        assert "I13" not in broken(order)
        with tenancy.system("a test is at fault"):
            row = model.objects.create(**common, **more)
            named = {b.offender for b in invariants.of_rule("I13", among=[order.public_id])}
            row.delete()
        assert named == {order.public_id}


def test_a_credential_of_ours_that_a_row_keeps_is_named(order: Generation) -> None:
    secret = secrets.token_hex(12)
    upstream = account(f"an-access-key-{secret[:4]}|{secret}")
    assert not any(upstream.name in each.offender for each in invariants.secret_breaches())
    attempt = tried(order, upstream, 1, response={"body": {"error": f"bad key {secret}"}})
    Alarm.objects.create(kind=AlarmKind.CREDENTIAL, subject=upstream.name, message=secret)
    ProviderAccount.objects.filter(pk=upstream.pk).update(last_error=secret)
    named = {each.offender for each in invariants.secret_breaches()}
    assert named >= {
        f"attempt {attempt.external_id}", f"alarm {upstream.name}", f"account {upstream.name}",
    }  # fmt: skip
    with tenancy.scope(order.organisation_id):
        Attempt.objects.filter(pk=attempt.pk).update(response={})
    Alarm.objects.filter(subject=upstream.name).delete()
    ProviderAccount.objects.filter(pk=upstream.pk).update(last_error="")
