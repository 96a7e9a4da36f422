"""An invoice as a page and as a PDF, its credit notes, and the receipt of a charge."""

from __future__ import annotations

from html import escape

from billing.sandbox import html
from billing.sandbox.store import Doc

_SANDBOX = "SANDBOX: no money moves"


def show(invoice: Doc) -> str:
    """The hosted page: what is paid for, and how to pay it when that is still to be done."""
    currency = invoice["currency"]
    rows = [
        (escape(line["description"]), html.money(line["amount"], currency))
        for line in invoice["lines"]["data"]
    ]
    rows += _extras(invoice)
    pay = ""
    if invoice["status"] == "open":
        pay = (
            f'<form class="card" method="post"><h2>Pay it</h2>{html.card_fields("")}'
            f'<button class="wide">Pay {html.money(invoice["amount_remaining"], currency)}</button>'
            "</form>"
        )
    return html.page(
        f"Invoice {invoice['number']}",
        f"<section><h1>Invoice {escape(invoice['number'])}</h1>"
        f"<p>{html.date(invoice['created'])}, {escape(invoice['status'])}</p>"
        f"<p class=soft>{'<br>'.join(escape(line) for line in _address(invoice))}</p>"
        f"{html.table(rows, ('Total', html.money(invoice['total'], currency)))}"
        f'<p><a href="{escape(invoice["invoice_pdf"])}">Download as PDF</a></p></section>{pay}',
    )


def _extras(invoice: Doc) -> list[tuple[str, str]]:
    currency = invoice["currency"]
    off = sum(one["amount"] for one in invoice["total_discount_amounts"])
    found = [("Discount", html.money(-off, currency))] if off else []
    return found + _taxes(invoice)


def _taxes(paper: Doc) -> list[tuple[str, str]]:
    found = []
    for tax in paper["total_taxes"]:
        word = "reverse charge" if tax["taxability_reason"] == "reverse_charge" else "VAT"
        found.append((f"Tax ({word})", html.money(tax["amount"], paper["currency"])))
    return found


def _address(invoice: Doc) -> list[str]:
    place = invoice["customer_address"] or {}
    parts = [
        invoice["customer_name"], invoice["customer_email"], place.get("line1"), place.get("line2"),
        " ".join(filter(None, (place.get("postal_code"), place.get("city")))),
        html.COUNTRIES.get(place.get("country") or "", place.get("country")),
        *(tax_id["value"] for tax_id in invoice["customer_tax_ids"]),
    ]  # fmt: skip
    return [part for part in parts if part]


def receipt(charge: Doc) -> str:
    """The receipt of a charge."""
    card = charge["payment_method_details"]["card"]
    rows = [
        ("Paid", html.date(charge["created"])),
        ("Card", f"{escape(card['brand'])} •••• {escape(card['last4'])}"),
    ]
    if charge["amount_refunded"]:
        rows.append(("Refunded", html.money(-charge["amount_refunded"], charge["currency"])))
    total = ("Amount", html.money(charge["amount"], charge["currency"]))
    return html.page("Receipt", f"<section><h1>Receipt</h1>{html.table(rows, total)}</section>")


def pdf(invoice: Doc) -> bytes:
    """The invoice as a PDF of one page."""
    currency = invoice["currency"]
    lines = [
        _SANDBOX,
        "",
        f"Invoice {invoice['number']}",
        f"Date: {html.date(invoice['created'])}",
        f"Status: {invoice['status']}",
        "",
        *_address(invoice),
        "",
        *(f"{line['description']}: {html.money(line['amount'], currency)}"
          for line in invoice["lines"]["data"]),
        *(f"{left}: {right}" for left, right in _extras(invoice)),
        f"Total: {html.money(invoice['total'], currency)}",
        f"Paid: {html.money(invoice['amount_paid'], currency)}",
    ]  # fmt: skip
    return _document(lines)


def credit_note(note: Doc, invoice: Doc) -> bytes:
    """A credit note as a PDF of one page."""
    currency = note["currency"]
    return _document(
        [
            _SANDBOX,
            "",
            f"Credit note {note['number']}",
            f"For invoice {invoice['number']}",
            f"Date: {html.date(note['created'])}",
            "",
            *_address(invoice),
            "",
            *(f"{line['description']}: {html.money(line['amount'], currency)}"
              for line in note["lines"]["data"]),
            *(f"{left}: {right}" for left, right in _taxes(note)),
            f"Total: {html.money(note['total'], currency)}",
        ]
    )  # fmt: skip


def _document(lines: list[str]) -> bytes:
    """A PDF 1.4 file with these lines in Helvetica on A4."""
    shown = b" T* ".join(b"(" + _literal(line) + b") Tj" for line in lines)
    stream = b"BT /F1 11 Tf 56 780 Td 16 TL " + shown + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(out + trailer % (len(objects) + 1, start))


def _literal(text: str) -> bytes:
    plain = text.replace("−", "-").encode("cp1252", "replace")
    return plain.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
