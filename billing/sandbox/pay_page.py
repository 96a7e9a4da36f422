"""The hosted checkout page, and the bank's question about a payment."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from billing.sandbox import cards, html
from billing.sandbox.desk import Desk
from billing.sandbox.store import Doc

_TITLES = {"payment": "Pay", "subscription": "Subscribe", "setup": "Save a card"}


def checkout(desk: Desk, session: Doc, form: Mapping[str, str], trouble: str | None = None) -> str:
    """The page of an open session; `form` is what was typed before, without the card."""
    title = _TITLES[session["mode"]]
    return html.page(title, _summary(session) + _form(desk, session, form, trouble), layout="two")


def _summary(session: Doc) -> str:
    if session["mode"] == "setup":
        return (
            "<section><h1>Save a card</h1><p>It is kept for later. Nothing is paid now.</p>"
            f"{_leave(session)}</section>"
        )
    currency = session["currency"]
    rows = []
    for item in session["_items"]:
        every = item["price"]["recurring"]
        rhythm = f" <span class=soft>each {every['interval']}</span>" if every else ""
        amount = html.money(item["amount_subtotal"], currency)
        rows.append((f"{escape(item['description'])} × {item['quantity']}{rhythm}", amount))
    details = session["total_details"]
    if details["amount_discount"]:
        rows.append(("Discount", html.money(-details["amount_discount"], currency)))
    if session["automatic_tax"]["enabled"]:
        known = session["automatic_tax"]["status"] == "complete"
        rows.append(("Tax", html.money(details["amount_tax"], currency) if known else
                     "by your country"))  # fmt: skip
    total = html.money(session["amount_total"], currency)
    return (
        f"<section><h1>{_TITLES[session['mode']]} <span class=big>{total}</span></h1>"
        f"{html.table(rows, ('Total', total))}{_leave(session)}</section>"
    )


def _leave(session: Doc) -> str:
    url = session["cancel_url"]
    if not url:
        return ""
    return f'<p><a href="{escape(url)}">Back without paying</a></p>'


def _form(desk: Desk, session: Doc, form: Mapping[str, str], trouble: str | None) -> str:
    customer = desk.store.get(session["customer"] or "") or {}
    known = session["customer_email"] or customer.get("email")
    email = (
        f"<p class=soft>Receipt to {escape(known)}</p>"
        if known
        else html.field("email", "Email", form.get("email", ""), kind="email", complete="email")
    )
    where = form.get("country") or (customer.get("address") or {}).get("country") or "US"
    company = (
        html.field("company", "Company", form.get("company", ""), must=False,
                   complete="organization")
        + html.field("vat", "VAT id", form.get("vat", ""), must=False, hint="DE123456789")
        if session["tax_id_collection"]["enabled"] else ""
    )  # fmt: skip
    code = (
        html.field("promotion_code", "Promotion code", form.get("promotion_code", ""), must=False)
        if session["allow_promotion_codes"]
        else ""
    )
    name = form.get("name") or customer.get("individual_name") or customer.get("name") or ""
    label = {
        "payment": f"Pay {html.money(session['amount_total'] or 0, session['currency'] or 'usd')}",
        "subscription": "Subscribe",
        "setup": "Save card",
    }[session["mode"]]
    update = ""
    if session["automatic_tax"]["enabled"] or code:
        label = {"payment": "Pay"}.get(session["mode"], label)
        update = '<button class="wide plain" name="act" value="update" formnovalidate>'
        update += "Update the total</button>"
    return (
        f'<form class="card" method="post">{html.alert(trouble)}<h2>Card</h2>{email}'
        f"{html.card_fields(name)}{html.countries(where)}{company}{code}"
        f'<button class="wide">{label}</button>{update}{_cheat_sheet()}</form>'
    )


def _cheat_sheet() -> str:
    rows = []
    for card in cards.CARDS:
        number = " ".join(card.number[at : at + 4] for at in range(0, len(card.number), 4))
        does = (
            card.decline or (card.asks and f"3-D Secure, {card.asks}") or card.after or "succeeds"
        )
        if card.attaches:
            does = f"can be saved, then {does}"
        rows.append((f"<code>{number}</code>", escape(does.replace("_", " "))))
    return f"<details><summary>Test cards</summary>{html.table(rows)}</details>"


def over(session: Doc) -> str:
    """The page of a session that cannot be paid any more."""
    words = {
        "complete": ("It is done", "This checkout was completed."),
        "expired": ("Too late", "This checkout has expired. Go back and begin again."),
    }[session["status"]]
    return html.page(words[0], f"<section><h1>{words[0]}</h1><p>{words[1]}</p></section>")


def challenge(intent: Doc) -> str:
    """The bank asks whether it is really its customer."""
    what = (
        f"a payment of {html.money(intent['amount'], intent['currency'])}"
        if intent["object"] == "payment_intent"
        else "saving your card"
    )
    return html.page(
        "3-D Secure",
        "<section><h1>Your bank asks</h1>"
        f"<p>This is a 3-D Secure test page. Do you confirm {escape(what)}?</p>"
        '<div class="acts" style="margin-top:1.5rem">'
        '<form method="post"><button name="answer" value="complete">Complete</button></form>'
        '<form method="post"><button class="plain" name="answer" value="fail">Fail</button></form>'
        "</div></section>",
    )


def told(title: str, words: str) -> str:
    """A page with nothing to do on it."""
    return html.page(title, f"<section><h1>{escape(title)}</h1><p>{escape(words)}</p></section>")
