"""Money that comes in: the payment service that takes it, and under which conditions.

Without a key of Stripe's it is our payments sandbox, by the same protocol.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from kling_saas import env

STRIPE_SECRET_KEY = env.text(
    "STRIPE_SECRET_KEY", "", "Stripe's secret or restricted key; empty: the payments sandbox."
)
STRIPE_WEBHOOK_SECRET = env.words(
    "STRIPE_WEBHOOK_SECRET",
    "",
    "Of Stripe's endpoint SITE_URL/webhooks/stripe: whsec_…; several while one replaces another.",
)
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "", "Where Stripe's API is; empty: at Stripe.")
STRIPE_TAX = env.flag("STRIPE_TAX", False, "Stripe Tax adds what the customer's country asks.")
PAYMENTS_URL = env.text(
    "PAYMENTS_URL", "http://127.0.0.1:9200", "Where the payments sandbox answers."
).rstrip("/")
PAYMENTS_PUBLIC_URL = (
    env.text("PAYMENTS_PUBLIC_URL", "", "Its address for browsers; default PAYMENTS_URL.")
    or PAYMENTS_URL
)
PAYMENTS_SECRET_KEY = env.text(
    "PAYMENTS_SECRET_KEY", "", "The payments sandbox's key: sk_test_…. Set by make run."
)
PAYMENTS_WEBHOOK_SECRET = env.text(
    "PAYMENTS_WEBHOOK_SECRET", "", "What the payments sandbox signs with. Set by make run."
)
PAYMENTS_TOLERANCE_SECONDS = env.integer(
    "PAYMENTS_TOLERANCE_SECONDS", 300, "Oldest signature of an event that is believed, s.", least=1
)
PAYMENTS_PULL_MINUTES = env.number(
    "PAYMENTS_PULL_MINUTES", 60.0, "Pause between asking for events that never came, minutes."
)
PLAN_GRACE_DAYS = env.integer(
    "PLAN_GRACE_DAYS", 3, "A plan's credits live so long beyond their month, for a late payment."
)
TOP_UP_DECLINES = env.integer(
    "TOP_UP_DECLINES", 2, "Declines in a row that stop automatic top-ups.", least=1
)
TOP_UP_REST_HOURS = env.number(
    "TOP_UP_REST_HOURS", 24.0, "Pause after a declined automatic top-up, hours."
)
TOP_UP_VALID_DAYS = env.integer(
    "TOP_UP_VALID_DAYS", 365, "Days until credits of a top-up expire.", least=1
)
REFUND_DAYS = env.integer(
    "REFUND_DAYS", 14, "Days after paying in which customers get unspent credits paid back; 0: not."
)
GIFTS = env.flag("GIFTS", True, "Packs are sold as gifts, too; those sold before stay redeemable.")
CURRENCY = env.text("CURRENCY", "usd", "What packs and plans cost: three small letters.")
CURRENCY_PER_DOLLAR = env.decimal(
    "CURRENCY_PER_DOLLAR", "1", "What a US dollar is worth in CURRENCY: top-ups, costs in reports."
)

if not re.fullmatch("[a-z]{3}", CURRENCY):
    raise env.ConfigError(f"CURRENCY={CURRENCY!r} must be three small letters, such as usd")
# As Stripe's page of currencies has them: no part of one, or a thousandth.
_WHOLE = "bif|clp|djf|gnf|isk|jpy|kmf|krw|mga|pyg|rwf|ugx|vnd|vuv|xaf|xof|xpf"
if re.fullmatch(f"{_WHOLE}|bhd|jod|kwd|omr|tnd", CURRENCY):
    raise env.ConfigError(f"CURRENCY={CURRENCY} has no cents: choose one that has, such as usd")
if (CURRENCY == "usd") != (float(CURRENCY_PER_DOLLAR) == 1):
    raise env.ConfigError(
        f"CURRENCY={CURRENCY} and CURRENCY_PER_DOLLAR={CURRENCY_PER_DOLLAR} do not fit: "
        "1 for usd, else what a US dollar is worth in it, such as 0.86"
    )
_kind = re.match("(?:sk|rk)_(test|live)_", STRIPE_SECRET_KEY)
if STRIPE_SECRET_KEY and not _kind:  # and what it is must not be shown
    raise env.ConfigError(
        "STRIPE_SECRET_KEY must begin with sk_test_, sk_live_, rk_test_ or rk_live_"
    )
# Which ids are whose: billing.models.Vendor.
PAYMENTS_VENDOR = _kind[1] if _kind and STRIPE_API_BASE.rstrip("/") != PAYMENTS_URL else "sandbox"
PAYMENTS_LIVE = PAYMENTS_VENDOR == "live"
PAYMENTS_KEY = STRIPE_SECRET_KEY or PAYMENTS_SECRET_KEY
PAYMENTS_API_BASE = STRIPE_API_BASE or ("" if STRIPE_SECRET_KEY else PAYMENTS_URL)
PAYMENTS_SECRETS = (
    STRIPE_WEBHOOK_SECRET
    if STRIPE_SECRET_KEY
    else [secret for secret in [PAYMENTS_WEBHOOK_SECRET] if secret]
)
# Where our forms may lead: a browser asks before it follows a redirect.
_sandbox = urlsplit(PAYMENTS_PUBLIC_URL)
PAYMENTS_PAGES = (
    [f"{_sandbox.scheme}://{_sandbox.netloc}"]
    if PAYMENTS_VENDOR == "sandbox"
    else ["https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com"]
)
