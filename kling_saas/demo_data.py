"""The demo place: an operator, a customer with credits and keys, and sandbox accounts.

Written to VAR/run.json for people and scripts. Keys are shown only when they are made, so the
file is also where they are kept; it is readable by its owner alone.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password

from accounts import access_keys, api_keys, organisations, tenancy
from accounts.models import Organisation, User
from accounts.scopes import ALL
from billing import ledger, wallets
from billing.models import LotSource
from generations.catalogue import billable
from generations.models import Protocol, ProviderAccount
from kling_saas.run.local import write_private

DEMO_EMAIL, ADMIN_EMAIL = "demo@example.com", "admin@example.com"
LIVE_CREDITS = 1000
_SANDBOX_ACCOUNTS = (
    ("sandbox-kling", Protocol.KLING, "/kling", "sandbox-access-key|{secret}", 15, 10),
    ("sandbox-kling-2026", Protocol.KLING_2026, "/kling", "sandbox-key", 15, 20),
    ("sandbox-segmind", Protocol.SEGMIND, "/segmind", "SG_0123456789abcdef", 50, 30),
    ("sandbox-llmprovider", Protocol.LLMPROVIDER, "/llmprovider", "sandbox-key", 15, 40),
)
SANDBOX_SECRET = "sandbox-secret-key-of-at-least-32-bytes"  # noqa: S105 - the sandbox documents it


def make() -> None:
    """Make what is missing, keep the rest, and write run.json."""
    path = Path(settings.VAR) / "run.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    _sandbox_accounts()
    admin = _person(ADMIN_EMAIL, kept.get("admin", {}).get("password"), staff=True)
    login = _person(DEMO_EMAIL, kept.get("login", {}).get("password"), staff=False)
    facts = {
        "site": settings.SITE_URL,
        "sandbox": settings.SANDBOX_URL,
        "payments": settings.PAYMENTS_PUBLIC_URL if settings.PAYMENTS_VENDOR == "sandbox" else "",
        "login": login,
        "admin": admin,
        **_credentials(_organisation(), kept),
        "database_url": settings.DATABASE_URL,
    }
    write_private(path, json.dumps(facts, indent=2) + "\n")


def _sandbox_accounts() -> None:
    for name, protocol, prefix, credential, seconds, priority in _SANDBOX_ACCOUNTS:
        account = ProviderAccount.objects.filter(name=name).first() or ProviderAccount(name=name)
        account.protocol = protocol
        account.base_url = settings.SANDBOX_URL + prefix
        account.is_sandbox = account.serves_live = account.serves_test = True
        account.max_seconds = seconds
        if account.pk is None:
            account.concurrency, account.priority = 50, priority
            if protocol == Protocol.SEGMIND:  # the sandbox asks Segmind's price, not Kling's
                account.cost_book = {"*": str(billable.usd_of(billable.CREDITS_PER_UNIT))}
        account.set_credential(credential.format(secret=SANDBOX_SECRET))
        account.save()


def _person(email: str, password: str | None, *, staff: bool) -> dict[str, str]:
    user = User.objects.filter(email=email).first()
    if user and password and check_password(password, user.password):
        return {"email": email, "password": password}
    password = secrets.token_urlsafe(9)
    if user is None:
        user = User.objects.create_user(email, is_staff=staff, is_superuser=staff)
    # 72 random bits need no slow hash, which would be half a second of every start.
    user.password = PBKDF2PasswordHasher().encode(password, secrets.token_hex(8), iterations=1000)
    user.save(update_fields=["password"])
    return {"email": email, "password": password}


def _organisation() -> Organisation:
    user = User.objects.get(email=DEMO_EMAIL)
    mine = organisations.memberships_of(user.pk)
    if not mine:
        return organisations.create(user, name="Demo Studio")
    with tenancy.scope(mine[0][0]):
        return Organisation.objects.get(pk=mine[0][0])


def _credentials(organisation: Organisation, kept: dict[str, Any]) -> dict[str, str]:
    wallets.ensure(organisation)
    ledger.grant(
        organisation.pk,
        True,
        LIVE_CREDITS,
        LotSource.GRANT,
        reference="demo",
        reason="Demo credits",
    )
    found: dict[str, str] = {}
    with tenancy.scope(organisation.pk):
        for name, livemode in (("test_key", False), ("live_key", True)):
            found[name] = _key(organisation.pk, kept.get(name, ""), livemode=livemode)
        found |= _pair(organisation.pk, kept)
    return found


def _key(organisation_id: int, kept: str, *, livemode: bool) -> str:
    if api_keys.known(kept):
        return kept
    name = "Demo live key" if livemode else "Demo test key"
    return api_keys.issue(organisation_id, livemode=livemode, name=name, scopes=sorted(ALL))[1]


def _pair(organisation_id: int, kept: dict[str, Any]) -> dict[str, str]:
    known = kept.get("access_key") and access_keys.known(str(kept["access_key"]))
    if known:
        return {"access_key": kept["access_key"], "secret_key": kept["secret_key"]}
    row, secret = access_keys.issue(organisation_id, livemode=False, name="Demo pair")
    return {"access_key": row.access_key, "secret_key": secret}
