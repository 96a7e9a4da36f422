"""What operators see of a film's way through the upstreams, and the few things they may do."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models.functions import Now
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import User
from generations import attempts, lifecycle
from generations.admin import _dollars
from generations.forms.accounts import ProviderAccountForm
from generations.models import (
    Alarm,
    AlarmKind,
    Attempt,
    Breaker,
    Generation,
    Protocol,
    ProviderAccount,
)
from generations.providers import alarms
from generations.reconciliation import bills
from generations.reconciliation.finding import Look
from generations.sandbox.vendor import BALANCE_USD
from kling_saas import admin_home
from kling_saas.demo_data import SANDBOX_SECRET
from tests.generations.orders import parked
from tests.generations.programs import funded, native, settled
from tests.stories.test_every_upstream import picture

PLAIN_STATIC = override_settings(
    STORAGES={"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
)


def room(record: str) -> Any:
    return admin.site.get_model_admin(apps.get_model("generations", record))


def asked(address: str = "/", *, powerful: bool = True) -> HttpRequest:
    request = RequestFactory().get(address)
    email = f"operator-{secrets.token_hex(4)}@example.org"
    request.user = User.objects.create(email=email, is_staff=True, is_superuser=powerful)
    return request


def page_of(generation: str) -> str:
    """The console's page of a generation."""
    with tenancy.system("operators see every tenant"):
        row = Generation.objects.get(public_id=generation)
        page: str = room("generation").change_view(asked(), str(row.pk)).render().content.decode()
    return page


def tries(generation: str) -> list[Attempt]:
    with tenancy.system("a test looks at every tenant"):
        return list(Attempt.objects.filter(generation__public_id=generation).order_by("number"))


@PLAIN_STATIC
def test_a_films_page_shows_what_was_asked_and_answered_and_what_is_left(site: str) -> None:
    program = native(site, funded().test_key)
    image = base64.b64encode(picture(400, 400)).decode()
    order = {"model": "kling-v1", "prompt": "A kite over the dunes", "image": image}
    film = settled(program, program.post("/generations", order).json()["id"])
    assert film["status"] == "succeeded"
    (attempt,) = tries(film["id"])
    assert (attempt.upstream_units, attempt.upstream_cost) == (Decimal(1), Decimal("0.14"))
    assert attempt.request["json"]["image"].startswith("(base64, ")
    assert attempt.response["body"]["data"]["task_id"] == attempt.upstream_id

    page = page_of(film["id"])
    assert "/v1/videos/image2video" in page
    assert "A kite over the dunes" in page
    assert "$0.14" in page  # 10 credits at $0.028, less one unit at $0.14
    for secret in (SANDBOX_SECRET, image[:60], "Bearer", "eyJ"):
        assert secret not in page


def test_an_upstream_that_tells_dollars_is_believed_and_its_balance_kept(site: str) -> None:
    program = native(site, funded().test_key)
    order = {"model": "kling-v2-master", "mode": "pro", "prompt": "A kite"}
    account = ProviderAccount.objects.get(name="sandbox-kling")
    refused = account.refusedmodel_set.create(model="kling-v2-master", reason="a story")
    try:
        for _ in range(10):  # every process reads the accounts anew soon
            film = settled(program, program.post("/generations", order).json()["id"])
            (attempt,) = tries(film["id"])
            if attempt.account_id != account.pk:
                break
    finally:
        refused.delete()
    assert attempt.upstream_cost == attempt.expected_cost == Decimal("2.8")
    assert attempt.upstream_balance is not None
    assert BALANCE_USD - attempt.upstream_balance >= Decimal("2.8")  # other tests' films too
    assert attempt.upstream_units is None


@PLAIN_STATIC
def test_a_refused_films_page_shows_the_raw_cause(site: str) -> None:
    program = native(site, funded().test_key)
    order = {"model": "kling-v1", "prompt": "A kite fail:moderation"}
    film = settled(program, program.post("/generations", order).json()["id"])
    assert film["status"] == "failed"
    assert "&quot;code&quot;: 1301" in page_of(film["id"])


def test_a_film_that_fails_while_it_is_made_keeps_the_upstreams_words(site: str) -> None:
    program = native(site, funded().test_key)
    order = {"model": "kling-v1", "prompt": "A kite fail:failed"}
    film = settled(program, program.post("/generations", order).json()["id"])
    (attempt,) = tries(film["id"])
    assert (attempt.outcome, attempt.message) == (
        "accepted",
        "generation failed (sandbox: fail:failed)",
    )


@PLAIN_STATIC
@pytest.mark.parametrize(
    "record", ["attempt", "suspenseattempt", "alarm", "breaker", "reconciliation", "meterreading"]
)
def test_the_lists_are_read_and_never_typed_over(record: str) -> None:
    there = room(record)
    with tenancy.system("operators see every tenant"):
        assert there.changelist_view(asked("/?q=gen_")).render().status_code == 200
    assert not there.has_add_permission(asked())
    assert not there.has_change_permission(asked())
    assert not there.has_delete_permission(asked())


@PLAIN_STATIC
def test_suspense_lists_what_may_be_billed_and_is_not_here(site: str) -> None:
    program = native(site, funded().test_key)
    order = {"model": "kling-v1-6", "prompt": f"A kite fail:lost-reply {secrets.token_hex(4)}"}
    llmprovider = ProviderAccount.objects.get(name="sandbox-llmprovider")
    before = llmprovider.priority
    ProviderAccount.objects.filter(pk=llmprovider.pk).update(priority=1)
    try:
        for _ in range(10):
            film = settled(program, program.post("/generations", order).json()["id"])
            if film["status"] == "failed":
                break
    finally:
        ProviderAccount.objects.filter(pk=llmprovider.pk).update(priority=before)
    assert film["error"]["code"] == "upstream_unknown"
    (attempt,) = tries(film["id"])
    assert attempt.upstream_cost == Decimal("0.28")
    with tenancy.system("operators see every tenant"):
        page = room("suspenseattempt").changelist_view(asked()).render().content.decode()
        assert attempts.in_suspense().filter(pk=attempt.pk).exists()
        assert not attempts.unsettled().filter(pk=attempt.pk).exists()  # a sandbox bills nobody
    assert attempt.external_id in page
    (figure,) = (f for f in admin_home.figures() if f.label == "calls in suspense")
    assert figure.link.endswith("?unsettled=yes")


def test_an_alarm_rings_once_until_it_is_resolved() -> None:
    subject = f"account-{secrets.token_hex(4)}"
    for _ in range(3):
        alarms.ring(AlarmKind.BALANCE, subject, "empty: Bearer abc.def\0")
    open_ = Alarm.objects.get(subject=subject)
    assert (open_.count, open_.message) == (3, "empty: Bearer ***")
    mine = Alarm.objects.filter(subject=subject)
    room("alarm").resolve(asked(), mine)
    alarms.ring(AlarmKind.BALANCE, subject, "empty again")
    assert sorted(mine.values_list("count", flat=True)) == [1, 3]
    assert mine.filter(resolved_at=None).get().message == "empty again"


def test_only_who_may_change_an_alarm_resolves_it() -> None:
    assert "resolve" in room("alarm").get_actions(asked())
    assert "resolve" not in room("alarm").get_actions(asked(powerful=False))


def test_a_new_credential_is_a_new_chance_and_a_breaker_can_be_closed() -> None:
    account = ProviderAccount.objects.create(
        name=f"console-{secrets.token_hex(4)}", protocol=Protocol.KLING, serves_live=False,
        base_url="https://api.example.org", disabled_because="auth: no", auth_failures=3,
    )  # fmt: skip
    fields = {
        "name": account.name, "protocol": "kling", "base_url": account.base_url, "weight": 3,
        "credential": "access|secret", "priority": 5, "concurrency": 2, "max_seconds": 10,
        "polls_per_second": 50,
        "models_sold": '["kling-v1"]', "cost_book": '{"*": 0.1, "kling-v1": "0.2"}',
    }  # fmt: skip
    form = ProviderAccountForm(fields, instance=account)
    assert form.is_valid(), form.errors
    saved = form.save()
    assert (saved.sells("kling-v1"), saved.sells("kling-v3")) == (True, False)

    form_of = room("provideraccount").save_model
    breaker = Breaker.objects.create(
        account=account, model="kling-v1", state="open", next_probe_at=account.created_at
    )
    ProviderAccount.objects.filter(pk=account.pk).update(last_error="429", paused_until=Now())
    alarms.ring(AlarmKind.CREDENTIAL, account.name, "disabled: no")
    alarms.ring(AlarmKind.STOPPED, f"{account.name} kling-v1", "no: ConnectError")
    form_of(asked(), saved, form, True)
    assert account.name not in alarms.ringing(AlarmKind.CREDENTIAL)
    assert f"{account.name} kling-v1" not in alarms.ringing(AlarmKind.STOPPED)
    breaker.refresh_from_db()
    kept = ProviderAccount.objects.get(pk=account.pk)
    assert (kept.disabled_because, kept.auth_failures) == ("", 0)
    assert (kept.credential(), kept.polls_per_second) == ("access|secret", 50)
    assert (breaker.state, kept.last_error, kept.paused_until) == ("closed", "", None)

    ProviderAccount.objects.filter(pk=account.pk).update(last_error="429", paused_until=Now())
    plain = {**fields, "credential": "", "weight": 4}
    for moved in ({}, {"base_url": "https://elsewhere.example.org"}):
        form = ProviderAccountForm({**plain, **moved}, instance=kept)
        assert form.is_valid(), form.errors
        form_of(asked(), form.save(commit=False), form, True)
        kept.refresh_from_db()  # what happened while the form was open stays, unless it is mended
        assert (kept.last_error, kept.paused_until is None) == (
            ("", True) if moved else ("429", False)
        )
    assert kept.base_url == "https://elsewhere.example.org"

    assert [saved.usd_per_unit(m) for m in ("kling-v1", "kling-v3")] == [
        Decimal("0.2"),
        Decimal("0.1"),
    ]
    wrong = ProviderAccountForm(
        {**fields, "models_sold": '["kling-v9"]', "cost_book": '{"*": "-1"}'}, instance=account
    )
    assert set(wrong.errors) == {"models_sold", "cost_book"}
    for nothing in ({"weight": 0}, {"polls_per_second": 0}, {"concurrency": 0}):
        assert ProviderAccountForm({**fields, **nothing}, instance=account).errors
    nameless = {**fields, "name": "no-key", "credential": "", "enabled": "on"}
    assert "Enter the vendor" in ProviderAccountForm(nameless).errors["credential"][0]
    assert ProviderAccountForm({**nameless, "enabled": ""}).is_valid()
    assert ProviderAccountForm({**nameless, "name": kept.name}, instance=kept).is_valid()

    Breaker.objects.filter(pk=breaker.pk).update(state="open", next_probe_at=account.created_at)
    room("breaker").close(asked(), Breaker.objects.filter(pk=breaker.pk))
    breaker.refresh_from_db()
    assert (breaker.state, breaker.failures) == ("closed", 0)


@PLAIN_STATIC
def test_a_retired_account_rings_no_more_and_is_not_deleted() -> None:
    account = ProviderAccount.objects.create(
        name=f"console-{secrets.token_hex(4)}", protocol=Protocol.KLING, serves_live=False,
        base_url="https://api.example.org", paused_until=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    kinds = (AlarmKind.BALANCE, AlarmKind.BILL, AlarmKind.STOPPED)
    for kind, more in zip(kinds, ("", " cost book", " kling-v1"), strict=True):
        alarms.ring(kind, f"{account.name}{more}", "a story")
    mine = Alarm.objects.filter(subject__startswith=account.name, resolved_at=None)
    assert mine.count() == 3
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(asked().user)
    page = browser.get(f"/admin/generations/alarm/{mine.get(kind='bill').pk}/change/")
    assert "find the difference or put the cost book right" in page.content.decode()
    shown = browser.get("/admin/generations/provideraccount/?resting=yes").content.decode()
    assert account.name in shown

    ask = {"action": "back_in_service", "_selected_action": [account.pk]}
    done = browser.post("/admin/generations/provideraccount/", ask, follow=True).content.decode()
    assert f"Back in service, with every breaker closed: {account.name}" in done
    shown = browser.get("/admin/generations/provideraccount/?resting=yes").content.decode()
    assert f">{account.name}<" not in shown

    place = f"/admin/generations/provideraccount/{account.pk}"
    assert "never deleted" in browser.get(f"{place}/change/").content.decode()
    assert browser.post(f"{place}/delete/", {"post": "yes"}).status_code == 403
    account.refresh_from_db()
    names = ("protocol", "base_url", "priority", "weight", "concurrency", "polls_per_second")
    kept = {name: getattr(account, name) for name in names}
    kept |= {"max_seconds": 10, "models_sold": "[]", "cost_book": "{}"}
    assert browser.post(f"{place}/change/", kept).status_code == 302
    assert not mine.exists()
    assert account not in bills._accounts(Look(mend=False))


@PLAIN_STATIC
def test_an_attempts_row_tells_the_cause_and_its_dollars_alike() -> None:
    account = ProviderAccount.objects.get(name="sandbox-kling")
    order = parked(funded())
    attempt = attempts.begin(order, account)
    with tenancy.system("operators see every tenant"):
        mine = Attempt.objects.filter(pk=attempt.pk)
        mine.update(outcome="not_sent", message="ConnectError: no such host", upstream_cost="0.378")
        asks = asked(f"/?q={attempt.external_id}")
        page = room("attempt").changelist_view(asks).render().content.decode()
    assert "ConnectError: no such host" in page
    assert ("$0.3780" in page, "-$0.3780" in page) == (True, True)
    told = [_dollars(Decimal(figure)) for figure in ("0.14", "-0.007", "-2.5", "0")]
    assert told == ["$0.1400", "-$0.0070", "-$2.5000", "$0.0000"]


@PLAIN_STATIC
def test_an_order_that_was_put_back_waits_and_one_at_a_moved_account_is_told_of() -> None:
    account = ProviderAccount.objects.create(
        name=f"console-{secrets.token_hex(4)}", protocol=Protocol.KLING, serves_live=False,
        base_url="https://api.example.org", enabled=False,
    )  # fmt: skip
    order = parked(funded())
    with tenancy.system("a test is a worker"):
        row = Generation.objects.filter(pk=order.pk)
        row.update(status="submitting")
        before = figured("waiting")
        row.update(account=account)
        assert (figured("waiting"), figured("under way") > 0) == (before - 1, True)
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(asked().user)
    place = f"/admin/generations/provideraccount/{account.pk}/change/"
    names = ("protocol", "priority", "weight", "concurrency", "polls_per_second", "max_seconds")
    kept = {name: getattr(account, name) for name in names}
    kept |= {"base_url": "https://new.example.org", "models_sold": "[]", "cost_book": "{}"}
    told = browser.post(place, kept, follow=True).content.decode()
    assert "1 under way" in told
    assert "asked about at the new one" in told
    told = browser.post(place, kept | {"priority": 3}, follow=True).content.decode()
    assert "under way" not in told
    listed = browser.get("/admin/generations/generation/?stands=processing").content.decode()
    assert order.public_id in listed
    order.status = "submitting"
    assert lifecycle.fail(order, "internal", "a story")


def figured(label: str) -> int:
    (figure,) = (f for f in admin_home.figures() if f.label == label)
    return int(figure.value)


def test_an_operator_gives_an_organisation_more_turns_and_fewer_places() -> None:
    alice = funded()
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(asked().user)
    address = f"/admin/accounts/organisation/{alice.organisation.pk}/change/"
    with PLAIN_STATIC:
        for weight, places, status in (("3", "2", 302), ("0", "2", 200), ("3", "0", 200)):
            answer = browser.post(address, {"dispatch_weight": weight, "concurrency": places})
            assert answer.status_code == status
    with tenancy.scope(alice.organisation.pk):
        alice.organisation.refresh_from_db()
    assert (alice.organisation.dispatch_weight, alice.organisation.concurrency) == (3, 2)
