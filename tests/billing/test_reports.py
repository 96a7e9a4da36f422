"""The console's reports: exact figures of a span, as a page and as files, for those who may."""

from __future__ import annotations

import csv
import io
import secrets
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing import ledger
from billing.models import DayClose, LotSource
from tests.billing import histories, purse
from tests.billing.purse import LIVE
from tests.billing.test_revenue import capture

PAGE = "/admin/billing/reports/"
MARCH = "from=2018-03-01&to=2018-03-31"


def staff(*permissions: str) -> Client:
    """Signed in to the console, with these permissions."""
    user = User.objects.create(email=f"finance-{secrets.token_hex(4)}@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture(scope="module")
def finance() -> Client:
    return staff("view_transfer")


@pytest.fixture(scope="module")
def march() -> None:
    """A month of long ago in which 8 credits of 3 cents and 5 for nothing were spent."""
    alice = purse.organisation().pk
    ledger.grant(alice, LIVE, 5, LotSource.BONUS, reference="free")
    ledger.grant(alice, LIVE, 50, LotSource.PURCHASE, reference="paid", cents=150)
    capture(alice, 13, 13, "gen_then")
    with histories.unguarded("billing_hold", "billing_hold_settles_once") as owner:
        owner.execute(
            "UPDATE billing_hold SET settled_at = %s WHERE organisation_id = %s",
            [datetime(2018, 3, 9, 12, tzinfo=UTC), alice],
        )


def lines(client: Client, name: str) -> list[dict[str, str]]:
    """A file, as a spreadsheet reads it."""
    answer = client.get(f"{PAGE}{name}.csv?{MARCH}")
    assert answer["Content-Disposition"].startswith(f'attachment; filename="{name}-2018-03-01')
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_a_span_is_told_in_figures_bars_and_files(finance: Client, march: None) -> None:
    DayClose.objects.create(
        day=date(2998, 12, 31), vendor="test", closed_at=timezone.now(),
        differences=[{"what": "refund", "says": "we have none"}],
    )  # fmt: skip
    DayClose.objects.create(
        day=date(2018, 3, 30), vendor="test", closed_at=timezone.now(),
        figures={"deferred": {"purchase": {"credits": 42, "cents": 126}}},
    )  # fmt: skip
    page = finance.get(f"{PAGE}?{MARCH}").content.decode()
    assert "<b>$1.26</b> <span>Deferred at the end of 2018-03-30</span>" in page
    assert "<title>2018-03-09: $0.24</title>" in page
    assert "<b>$0.24</b> <span>Revenue</span><small>13 credits</small>" in page
    assert page.count("<title>2018-") == 1
    assert "2998-12-31" in page
    days = lines(finance, "revenue")
    assert len(days) == 31
    earned = {row["day"]: (row["credits"], row["revenue_cents"]) for row in days}
    assert earned["2018-03-09"] == ("13", "24")
    assert set(earned.values()) == {("0", "0"), ("13", "24")}
    (film,) = lines(finance, "margin")
    assert (film["model"], film["films"], film["margin_cents"]) == ("No film", "1", "24")
    assert film["margin_percent"] == "100.0"
    (owed,) = (row for row in lines(finance, "deferred") if row["source"] == "Purchase")
    assert (owed["closed_credits"], owed["closed_cents"]) == ("42", "126")
    assert int(owed["deferred_credits"]) >= 42
    money = [row["cents"] for row in lines(finance, "money")]
    assert money == ["24", "0", "0", "0", "0", "0", "-24"]
    assert lines(finance, "returned") == []
    assert (lines(finance, "breakage"), lines(finance, "failed")) == ([], [])
    assert lines(finance, "closes")[0]["differences"] == "1"
    DayClose.objects.filter(day__in=[date(2998, 12, 31), date(2018, 3, 30)]).delete()


def test_this_month_is_shown_and_a_span_that_is_none_is_refused(finance: Client) -> None:
    today = timezone.now().astimezone(UTC).date()
    usual = finance.get(PAGE)
    assert f'name="from" value="{today.replace(day=1)}"' in usual.content.decode()
    for span in ("from=soon", "from=2018-03-02&to=2018-03-01", "from=2018-03-01&to=2019-03-02"):
        answer = finance.get(f"{PAGE}?{span}")
        assert (answer.status_code, b'role="alert"' in answer.content) == (422, True)
        assert finance.get(f"{PAGE}margin.csv?{span}").status_code == 422
    assert finance.get(f"{PAGE}secrets.csv").status_code == 404


def test_only_who_may_see_money_sees_reports(finance: Client) -> None:
    other = staff("view_generation")
    assert [other.get(PAGE + name).status_code for name in ("", "margin.csv")] == [403, 403]
    assert [b"/billing/reports/" in who.get("/admin/").content for who in (finance, other)] == [
        True, False,
    ]  # fmt: skip
