"""The payment service, asked by its official SDK: Stripe's own, or our sandbox by its protocol.

Answers are plain dictionaries. The SDK is read with the first question: it takes a quarter of a
second, which processes that never ask should not pay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from billing.payments.errors import Declined, NotUnderstood, PaymentServiceDown, Untrusted
from kling_saas.lib.logs import kept

if TYPE_CHECKING:
    from stripe import RequestOptions, StripeClient, StripeObject
    from stripe._v1_services import V1Services

log = logging.getLogger(__name__)
_TIMEOUT = (5.0, 15.0)  # seconds to connect, and of silence
_RETRIES = 2
_WORDS = 300
_TYPES = 20  # that a list of events may name
# Pauses of whoever could not be answered: after the first try, the second, and so on.
RETRY_SECONDS = (5, 30, 120, 600, 3600, 14400, 43200)

Doc = dict[str, Any]


def ask(question: Callable[[V1Services], StripeObject]) -> Doc:
    """The answer to a GET. Raises PaymentServiceDown, NotUnderstood."""
    with _translated():
        answer = question(_client(settings.PAYMENTS_KEY, settings.PAYMENTS_API_BASE).v1)
    return answer.to_dict(for_json=True)


def order(key: str, call: Callable[[V1Services, RequestOptions], StripeObject]) -> Doc:
    """The answer to a POST; the same again for the same `key`, the id of our row it is for.

    Raises Declined, PaymentServiceDown (it may have been done: order it again), NotUnderstood.
    """
    return ask(lambda v1: call(v1, {"idempotency_key": key}))


def intent_of(invoice_id: str) -> Doc:
    """The latest payment of an invoice, with its card; {} when nothing had to be paid.

    Raises as `ask` does.
    """
    found = ask(lambda v1: v1.invoice_payments.list({"invoice": invoice_id, "limit": 1}))
    for one in found["data"]:
        if name := (one.get("payment") or {}).get("payment_intent"):
            return _intent(name)
    return {}


def _intent(name: str) -> Doc:
    return ask(lambda v1: v1.payment_intents.retrieve(name, {"expand": ["payment_method"]}))


def events(types: list[str], since: int | None) -> Iterator[Doc]:
    """Every event of these types created since the Unix time, the newest first of each 20 types.

    The payment service keeps them for 30 days. Raises as `ask` does.
    """
    for at in range(0, len(types), _TYPES):
        yield from _events(types[at : at + _TYPES], since)


def _events(types: list[str], since: int | None) -> Iterator[Doc]:
    wanted: Any = {"types": types, "limit": 100}
    if since is not None:
        wanted["created"] = {"gte": since}
    return _every(lambda v1: v1.events.list(wanted), wanted)


def made(what: str, since: int, until: int) -> Iterator[Doc]:
    """Every one of its `charges`, `refunds` or `disputes` made in these Unix times, by its clock.

    Raises as `ask` does.
    """
    wanted: Any = {"created": {"gte": since, "lt": until}, "limit": 100}
    return _every(lambda v1: getattr(v1, what).list(wanted), wanted)


def _every(question: Callable[[V1Services], StripeObject], wanted: Doc) -> Iterator[Doc]:
    while True:
        page = ask(question)
        yield from page["data"]
        if not page["has_more"]:
            return
        wanted["starting_after"] = page["data"][-1]["id"]


def verify(body: bytes, signature: str) -> None:
    """Raises Untrusted unless one of our secrets signed this body, not too long ago."""
    import stripe

    why = "no secret is set"
    for secret in settings.PAYMENTS_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(
                body, signature, secret, settings.PAYMENTS_TOLERANCE_SECONDS
            )
        except stripe.SignatureVerificationError as error:
            why = str(error.user_message or error)
        except (TypeError, ValueError, OverflowError):  # no text, or no ASCII in the header
            why = "it cannot be read"
        else:
            return
    raise Untrusted(f"The signature is not the payment service's: {why}.")


@cache
def _client(key: str, base: str) -> StripeClient:
    """One per process; its connections are kept per thread."""
    import stripe

    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else {},
        max_network_retries=_RETRIES,
        http_client=stripe.RequestsClient(timeout=_TIMEOUT),
    )


@contextmanager
def _translated() -> Iterator[None]:
    """The SDK's exceptions become ours. Refuses to wait for others with a transaction open."""
    import stripe

    if connection.in_atomic_block:
        raise RuntimeError("the payment service was asked inside a database transaction")
    if not settings.PAYMENTS_KEY:
        log.error("the payment service was asked without a key: set STRIPE_SECRET_KEY")
        raise PaymentServiceDown
    try:
        yield
    except stripe.CardError as error:
        reason = getattr(error.error, "decline_code", None) or error.code or ""
        raise Declined(_words(error), reason=reason) from None
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("the payment service does not let us in: %s", _words(error))
        raise PaymentServiceDown from None
    except stripe.InvalidRequestError as error:
        raise NotUnderstood(_words(error), reason=error.code or "") from None
    except stripe.IdempotencyError as error:
        raise NotUnderstood(_words(error), reason="idempotency") from None
    except stripe.StripeError as error:  # a lost connection, 409, 429, 5xx
        log.warning("the payment service does not answer: %s", _words(error))
        raise PaymentServiceDown from None


def _words(error: Any) -> str:
    return kept(str(error.user_message or error), _WORDS)
