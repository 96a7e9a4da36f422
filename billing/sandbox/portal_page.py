"""The hosted billing portal: subscription, cards, invoices."""

from __future__ import annotations

from html import escape

from billing.sandbox import html, portal, subscriptions
from billing.sandbox.desk import Desk
from billing.sandbox.store import Doc


def show(desk: Desk, key: str, trouble: str | None = None) -> str:
    """The portal behind an address. Raises Refused when there is none."""
    session, customer, configuration = portal.opened(desk, key)
    features = configuration["features"]
    who = escape(customer["name"] or customer["email"] or customer["id"])
    back = (
        f'<p><a href="{escape(session["return_url"])}">Back</a></p>'
        if session["return_url"]
        else ""
    )
    parts = [f"<div><h1>Billing of {who}</h1>{back}{html.alert(trouble)}</div>"]
    parts.append(_subscriptions(desk, customer, configuration))
    if features["payment_method_update"]["enabled"]:
        parts.append(_cards(desk, customer))
    if features["invoice_history"]["enabled"]:
        parts.append(_invoices(desk, customer))
    return html.page("Billing", "".join(parts))


def _subscriptions(desk: Desk, customer: Doc, configuration: Doc) -> str:
    found = desk.store.find(
        "subscription", ("customer", "=", customer["id"]), ("status", "IN", subscriptions.RUNNING)
    )
    plans = portal.plans(desk, configuration)
    may_cancel = configuration["features"]["subscription_cancel"]["enabled"]
    rows = "".join(_subscription(desk, one, plans, may_cancel=may_cancel) for one in found)
    return f"<section><h2>Subscription</h2>{rows or '<p>There is none.</p>'}</section>"


def _subscription(desk: Desk, subscription: Doc, plans: list[Doc], *, may_cancel: bool) -> str:
    item = subscription["items"]["data"][0]
    name = escape(subscriptions.named(desk, item["price"]))
    end = html.date(subscriptions.period_of(subscription)[1])
    ending = subscription["cancel_at_period_end"]
    state = f"Ends on {end}" if ending else f"Renews on {end}"
    if subscription["status"] == "past_due":
        state = "The last payment failed. Use another card, below."
    acts = []
    if may_cancel:
        verb, label = ("resume", "Keep it") if ending else ("cancel", "Cancel")
        acts.append(html.button(verb, label, plain=True, subscription=subscription["id"]))
    for plan in plans:
        if plan["id"] != item["price"]["id"]:
            label = f"Switch to {subscriptions.named(desk, plan)}"
            acts.append(
                html.button("switch", label, subscription=subscription["id"], price=plan["id"])
            )
    return (
        f'<div class="row"><div><strong>{name}</strong><p class="soft">{state}</p></div>'
        f'<div class="acts">{"".join(acts)}</div></div>'
    )


def _cards(desk: Desk, customer: Doc) -> str:
    usual = customer["invoice_settings"]["default_payment_method"]
    rows = []
    for method in desk.store.find("payment_method", ("customer", "=", customer["id"])):
        card = method["card"]
        text = f"{card['brand'].title()} •••• {card['last4']}"
        ends = f"{card['exp_month']:02}/{card['exp_year'] % 100:02}"
        acts = html.button("remove", f"Remove {card['last4']}", plain=True, method=method["id"])
        if method["id"] != usual:
            acts = html.button("default", f"Use {card['last4']}", plain=True,
                               method=method["id"]) + acts  # fmt: skip
        mark = " <span class=soft>(used for payments)</span>" if method["id"] == usual else ""
        rows.append(
            f'<div class="row"><div>{escape(text)}{mark}<p class="soft">Expires {ends}</p></div>'
            f'<div class="acts">{acts}</div></div>'
        )
    return (
        f"<section><h2>Cards</h2>{''.join(rows)}<details><summary>Use another card</summary>"
        '<form method="post"><input type="hidden" name="act" value="card">'
        f"{html.card_fields(customer['name'] or '')}{html.countries('US')}"
        '<button class="wide">Save and use this card</button></form></details></section>'
    )


def _invoices(desk: Desk, customer: Doc) -> str:
    rows = []
    found = desk.store.find("invoice", ("customer", "=", customer["id"]), newest_first=True)
    for invoice in found[:24]:
        if invoice["status"] == "draft":
            continue
        link = f'<a href="{escape(invoice["hosted_invoice_url"])}">{escape(invoice["number"])}</a>'
        amount = html.money(invoice["total"], invoice["currency"])
        rows.append((f"{link} <span class=soft>{html.date(invoice['created'])}</span>",
                     f"{amount} {invoice['status']}"))  # fmt: skip
    return f"<section><h2>Invoices</h2>{html.table(rows) if rows else '<p>None yet.</p>'}</section>"
