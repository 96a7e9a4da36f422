"""System checks: combinations of settings that would hurt a paying customer are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import Warning as CheckWarning
from django.core.checks import register as register_check
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from generations.models import ProviderAccount
from generations.wire.openai import models
from kling_saas import env
from kling_saas.lib.sealing import SealBroken, seal

PLACE = "place"  # what depends on where it runs; Django's own checks are of the code, for CI


def register() -> None:
    """Called once by the roof's app configuration."""
    for check in (
        check_secrets,
        check_database,
        check_demo,
        check_payments,
        check_names,
        check_models,
    ):
        register_check(check, PLACE)
    register_check(check_selling, PLACE, deploy=True)
    register_check(check_providers, Tags.database)


def check_secrets(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """SECRET_KEY and ENCRYPTION_KEYS must be real."""
    found: list[CheckMessage] = []
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # so Django says that it is empty
        key = ""
    if len(key) < 40:
        found.append(
            Error(
                "SECRET_KEY is missing or short.",
                hint="Set SECRET_KEY to at least 50 random characters, or use `make run`.",
                id="kling.E001",
            )
        )
    try:
        seal("probe", bound_to="check")
    except SealBroken as error:
        found.append(
            Error(
                f"Secrets cannot be stored: {error}.",
                hint="ENCRYPTION_KEYS=k1:$(openssl rand -base64 32)",
                id="kling.E002",
            )
        )
    return found


def check_models(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What OpenAI's model names stand for must be made here."""
    try:
        models.read(settings.OPENAI_MODELS)
    except ValueError as error:
        return [Error(f"OPENAI_MODELS: {error}.", id="kling.E009")]
    return []


def check_database(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The application must not run as the role that owns the tables, however its URL is spelt."""
    if not settings.DATABASE_URL:
        return []
    if settings.DATABASE_AS_OWNER:
        owns = settings.DATABASES["default"]["USER"] == settings.DATABASE_APP_ROLE
    else:
        owns = _owns_the_tables()
    if not owns:
        return []
    return [
        Error(
            "DATABASE_URL is the migrating role: row-level security would have no second wall.",
            hint="Give the application a role of its own: deploy/README.md says how.",
            id="kling.E003",
        )
    ]


def _owns_the_tables() -> bool:
    """False as well while there is no database to ask, or nothing in it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'billing_wallet' "
                "AND pg_has_role(current_user, relowner, 'USAGE'))"
            )
            return bool(cursor.fetchone()[0])
    except DatabaseError:
        return False


def check_demo(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """DEMO lets live credits buy sandbox films: never on a public site."""
    if settings.DEMO and settings.SECURE:
        return [
            CheckWarning(
                "DEMO=1 on an https site: live keys reach the sandbox.",
                hint="Unset DEMO where customers pay.",
                id="kling.W001",
            )
        ]
    return []


def check_payments(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Nobody gets credits for money that is not, and what was paid is heard of."""
    found: list[CheckMessage] = []
    simulated = settings.PAYMENTS_VENDOR == "sandbox" and settings.PAYMENTS_SECRETS
    if not settings.DEMO and simulated:
        found.append(
            Error(
                "Payments go to the sandbox: credits would be had for nothing.",
                hint="Set STRIPE_SECRET_KEY, and leave PAYMENTS_WEBHOOK_SECRET unset.",
                id="kling.E004",
            )
        )
    if not settings.DEMO and settings.PAYMENTS_VENDOR == "test":
        found.append(
            Error(
                "STRIPE_SECRET_KEY is a test key: credits would be had for nothing.",
                hint="Set a key that begins with sk_live_ or rk_live_.",
                id="kling.E005",
            )
        )
    if settings.STRIPE_SECRET_KEY and not settings.STRIPE_WEBHOOK_SECRET:
        found.append(
            Error(
                "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRET: who pays gets nothing.",
                hint=f"Make an endpoint {settings.SITE_URL}/webhooks/stripe at Stripe, take its "
                "whsec_….",
                id="kling.E006",
            )
        )
    if settings.STRIPE_WEBHOOK_SECRET and not settings.STRIPE_SECRET_KEY:
        found.append(
            Error(
                "STRIPE_WEBHOOK_SECRET is set without STRIPE_SECRET_KEY.",
                hint="Set both, or neither to sell nothing.",
                id="kling.E007",
            )
        )
    return found


def check_selling(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """`manage.py check --deploy`: customers must be able to pay."""
    if settings.DEMO or settings.STRIPE_SECRET_KEY:
        return []
    return [
        Error(
            "STRIPE_SECRET_KEY is not set: customers cannot buy credits.",
            hint="Set it and STRIPE_WEBHOOK_SECRET: deploy/README.md says how.",
            id="kling.E008",
        )
    ]


def check_names(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A misspelt name in `.env` would leave its default in force without a word."""
    if settings.DEMO:  # `make run` has said so itself, in one line
        return []
    return [CheckWarning(words, id="kling.W003") for words in env.strangers(env.ROOT / ".env")]


def check_providers(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """`manage.py check --database default`: somebody must be able to make live films."""
    if not databases:
        return []
    try:
        accounts = list(ProviderAccount.objects.filter(enabled=True, serves_live=True))
    except DatabaseError:  # before the first migration
        return []
    if settings.DEMO or any(not account.is_sandbox for account in accounts):
        return []
    return [
        CheckWarning(
            "No upstream account can make live films: live orders are refused before the hold.",
            hint="Add one in the console, then run `manage.py try_provider NAME --max-cost N`.",
            id="kling.W002",
        )
    ]
