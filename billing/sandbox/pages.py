"""The addresses of the hosted pages, and what their forms do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from billing.sandbox import (
    collecting,
    forms,
    invoice_page,
    methods,
    pay_page,
    paying,
    portal,
    portal_page,
)  # fmt: skip
from billing.sandbox.api import Api
from billing.sandbox.desk import Desk
from billing.sandbox.errors import Refused, missing
from billing.sandbox.store import Doc
from kling_saas.lib.sandboxes import MARK

Form = dict[str, str]
Page = Callable[[Desk, Request, Form], Response]
# No script, nothing from elsewhere. Forms may lead anywhere: to the merchant's own pages.
_HEADERS = {
    **MARK,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def routes() -> list[Route]:
    """The pages' addresses."""
    both = ["GET", "POST"]
    return [
        Route("/pay/{name}", _page(_pay), methods=both),
        Route("/3ds/{name}", _page(_challenge), methods=both),
        Route("/portal/{name}", _page(_portal), methods=both),
        Route("/invoices/{name}", _page(_invoice), methods=both),
        Route("/invoices/{name}/pdf", _page(_pdf), methods=["GET"]),
        Route("/credit_notes/{name}/pdf", _page(_credit_note), methods=["GET"]),
        Route("/receipts/{name}", _page(_receipt), methods=["GET"]),
    ]


def _page(show: Page) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        desk = cast(Api, request.app.state.api).desk
        form: Form = {}
        if request.method == "POST":
            form = dict(forms.pairs(await request.body()))
        try:
            return show(desk, request, form)
        except Refused as refusal:
            words = pay_page.told("Not here", str(refusal))
            return _html(words, 404 if refusal.status == 404 else 400)

    return serve


def _html(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers=_HEADERS)


def _go(url: str) -> Response:
    return RedirectResponse(url, 303, headers=_HEADERS)


def _tried(desk: Desk, act: Callable[[], str]) -> tuple[str, str | None]:
    """Do it, or nothing of it but a refused card's record: the next address, or why not."""
    try:
        with desk.store.transaction():
            try:
                return act(), None
            except Refused as refusal:
                if not refusal.keep:
                    raise
                return "", str(refusal)
    except Refused as refusal:
        return "", str(refusal)


def _pay(desk: Desk, request: Request, form: Form) -> Response:
    name = request.path_params["name"]
    session = desk.get("checkout.session", name, in_path=True)
    if session["status"] != "open":
        return _html(pay_page.over(session), 410 if request.method == "POST" else 200)
    if request.method == "POST":
        only_look = form.get("act") == "update"
        act = paying.look if only_look else paying.submit
        url, trouble = _tried(desk, lambda: act(desk, session, form))
        if trouble is None and url:
            return _go(url)
        seen = pay_page.checkout(desk, desk.get("checkout.session", name), form, trouble)
        return _html(seen, 200 if trouble is None else 402)
    refused = request.query_params.get("refused")
    trouble = "Your bank did not confirm the payment. Use another card." if refused else None
    return _html(pay_page.checkout(desk, session, {}, trouble))


def _challenge(desk: Desk, request: Request, form: Form) -> Response:
    name = request.path_params["name"]
    kind = "setup_intent" if name.startswith("seti_") else "payment_intent"
    intent = desk.get(kind, name, in_path=True)
    if intent["status"] != "requires_action":
        return _html(pay_page.told("Nothing to confirm", "This payment waits for nobody."))
    if request.method == "GET":
        return _html(pay_page.challenge(intent))
    passed = form.get("answer") == "complete"
    url, trouble = _tried(desk, lambda: paying.settle(desk, intent, passed=passed))
    if trouble is None and url:
        return _go(url)
    return _html(pay_page.told("Thank you", trouble or "You can close this page."))


def _portal(desk: Desk, request: Request, form: Form) -> Response:
    key = request.path_params["name"]
    if request.method == "GET":
        with desk.store.transaction():
            return _html(portal_page.show(desk, key))
    url, trouble = _tried(desk, lambda: portal.act(desk, key, {**form, "key": key}))
    if trouble is None:
        return _go(url or f"{desk.settings.public_url}/portal/{key}")
    return _html(portal_page.show(desk, key, trouble), 402)


def _invoice(desk: Desk, request: Request, form: Form) -> Response:
    invoice = _shown(desk, request)
    if request.method == "GET" or invoice["status"] != "open":
        return _html(invoice_page.show(invoice))

    def pay() -> str:
        customer = desk.get("customer", invoice["customer"])
        billing = {"email": customer["email"], "name": form.get("name")}
        method = methods.typed(desk, form, billing)
        if collecting.collect(desk, invoice, method):
            return str(invoice["hosted_invoice_url"])
        return f"{desk.settings.public_url}/3ds/{invoice['_intent']}"

    url, trouble = _tried(desk, pay)
    return _go(url) if trouble is None else _html(pay_page.told("Not paid", trouble), 402)


def _shown(desk: Desk, request: Request) -> Doc:
    name = request.path_params["name"]
    invoice = desk.get("invoice", name, in_path=True)
    if invoice["number"] is None:
        raise missing("invoice", name, in_path=True)
    return invoice


def _pdf(desk: Desk, request: Request, form: Form) -> Response:
    invoice = _shown(desk, request)
    return _paper(f"Invoice-{invoice['number']}", invoice_page.pdf(invoice))


def _credit_note(desk: Desk, request: Request, form: Form) -> Response:
    note = desk.get("credit_note", request.path_params["name"], in_path=True)
    invoice = desk.get("invoice", note["invoice"])
    return _paper(f"Credit-note-{note['number']}", invoice_page.credit_note(note, invoice))


def _paper(name: str, content: bytes) -> Response:
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(content, headers=headers, media_type="application/pdf")


def _receipt(desk: Desk, request: Request, form: Form) -> Response:
    charge = desk.get("charge", request.path_params["name"], in_path=True)
    return _html(invoice_page.receipt(charge))
