"""The month on paper: its figures are the export's, whatever script names are written in."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader

from accounts import tenancy
from accounts.models import Organisation
from billing import ledger, monthly, months
from billing.models import LotSource
from tests.billing import histories
from tests.billing.purse import LIVE
from tests.billing.test_exports import added, exported, signed_in
from tests.people import customer

MARCH = datetime(2026, 3, 28, 20, tzinfo=UTC)
NAME = "Жар-птица & Ωμέγα Łódź Çelik"


def figures(text: str, label: str) -> list[int]:
    """The numbers in the line that begins with a label."""
    line = next(line for line in text.splitlines() if line.startswith(label))
    return [int(n.replace(",", "")) for n in re.findall(r"[+-]?\d[\d,]*", line)]


def read(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_months_on_paper_say_what_the_export_adds_up_to() -> None:
    person = customer()
    alice = person.organisation.pk
    with tenancy.scope(alice):
        Organisation.objects.filter(pk=alice).update(name=f"{NAME} 株式会社")
    ledger.grant(alice, LIVE, 2000, LotSource.PURCHASE, reference="purchase:pur_1", cents=5600)
    for number in range(8):
        spender = ledger.Spender(sku=("kling-v1", "lip-sync")[number % 2])
        held = ledger.reserve(alice, LIVE, 100, reference=f"gen_{number}", spender=spender)
        with tenancy.scope(alice):
            if number % 3:
                ledger.capture(held.hold_id, 90 + number)
            else:
                ledger.release(held.hold_id)
    histories.spread(alice, MARCH, timedelta(hours=10))
    client = signed_in(person)

    listed = {str(one.month): one for one in monthly.summaries(alice, LIVE)}
    before = 0
    for month in ("2026-03", "2026-04"):
        answer = client.get(f"/billing/statements/{month}.pdf")
        assert answer.headers["Content-Type"] == "application/pdf"
        text = read(answer.content)
        wanted = months.read(month)
        lines = exported(alice, **dict(part.split("=") for part in wanted.query.split("&")))
        assert NAME in text
        assert "????" in text
        assert person.organisation.public_id in text
        assert figures(text, "Opening balance") == [before]
        assert figures(text, "Sum of all changes") == [added(lines)]
        assert figures(text, "Closing balance") == [before + added(lines)]
        assert figures(text, "Credits returned") == [
            sum(line["type"] == "release" for line in lines),
            *[sum(int(x["amount"]) for x in lines if x["type"] == "release")] * 2,
        ]
        charged = sum(int(x["balance_after"]) * 0 + spent_by(lines, n) for n, x in enumerate(lines))
        assert sum(m.credits for m in monthly.statement(alice, LIVE, wanted).made) == charged
        assert f"{charged:,}" in text
        one = listed[month]
        assert (one.opening, one.change, one.spent) == (before, added(lines), charged)
        before = one.closing
    assert "Kling 1.0" in text
    assert listed[str(months.current())].closing == before
    assert "/billing/statements/2026-03.pdf" in client.get("/billing/statements").content.decode()


def spent_by(lines: list[dict[str, str]], number: int) -> int:
    """What a capture took out of what is reserved: the line before it tells."""
    line = lines[number]
    if line["type"] != "capture":
        return 0
    return int(lines[number - 1]["reserved_after"]) - int(line["reserved_after"])


@pytest.mark.parametrize("month", ["2019-01", "2031-01", "2026-13", "may"])
def test_a_month_without_a_statement_is_a_404(month: str) -> None:
    assert signed_in(customer()).get(f"/billing/statements/{month}.pdf").status_code == 404
