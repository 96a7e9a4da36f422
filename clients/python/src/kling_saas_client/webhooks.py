"""Proof that a post to your server is the product's, as Standard Webhooks has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence

from kling_saas_client.decoding import decode
from kling_saas_client.errors import BadSettings, UnexpectedAnswer, WebhookNotVerified
from kling_saas_client.objects.telling import Event

_PREFIX = "whsec_"
_LONGEST = 12  # digits of a Unix time; Python reads only so many, and counts with fewer


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    tolerance: float = 300,
) -> Event:
    """The event that `body`, exactly as it came, tells. Raises WebhookNotVerified.

    It is proven if any of its signatures is by `secret`, or by any of several, and if it was signed
    at most `tolerance` seconds ago (or ahead). An event may come more than once: its `id` is the
    same.
    """
    content = body.encode() if isinstance(body, str) else body
    told = {name.lower(): value for name, value in headers.items()}
    try:
        ident, moment = told["webhook-id"], told["webhook-timestamp"]
        signatures = told["webhook-signature"].split()
    except KeyError as missing:
        raise WebhookNotVerified(f"the header {missing} is missing") from None
    known = moment.isdecimal() and len(moment) <= _LONGEST
    if not known or abs(time.time() - int(moment)) > tolerance:
        raise WebhookNotVerified("it was not signed in the last minutes: is your clock right?")
    signed = f"{ident}.{moment}.".encode() + content
    secrets = [secret] if isinstance(secret, str) else secret
    proofs = [hmac.digest(_key(each), signed, hashlib.sha256) for each in secrets]
    given = [_read(each) for each in signatures]
    # Every pair is compared, so that the time it takes tells nothing.
    if not sum(hmac.compare_digest(proof, each) for proof in proofs for each in given):
        raise WebhookNotVerified("no signature of it is by this secret")
    return _event(content)


def _key(secret: str) -> bytes:
    try:
        found = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:  # binascii.Error is one
        found = b""
    if not found:  # with a key of nothing anybody signs
        raise BadSettings("the secret is not `whsec_` and base64")
    return found


def _read(signature: str) -> bytes:
    """The bytes of a `v1,…`; none of another scheme."""
    scheme, _, text = signature.partition(",")
    try:
        return base64.b64decode(text, validate=True) if scheme == "v1" else b""
    except ValueError:
        return b""


def _event(content: bytes) -> Event:
    try:
        return decode(Event, json.loads(content))
    except (ValueError, UnexpectedAnswer):
        raise WebhookNotVerified(
            "it is signed, and no event: orders of other dialects are told in their own shape"
        ) from None
