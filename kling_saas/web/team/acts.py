"""Lines of the audit as people read them."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent

_WORDS: dict[str, Promise] = {
    "member.joined": _("Joined"),
    "member.role_changed": _("Role changed"),
    "member.left": _("Left, and deleted their account"),
    "member.removed": _("Removed from the organisation"),
    "invitation.made": _("Invited"),
    "invitation.revoked": _("Invitation taken back"),
    "organisation.renamed": _("Organisation renamed"),
    "key.made": _("API key made"),
    "key.changed": _("API key changed"),
    "key.rotated": _("API key rotated"),
    "key.renewed": _("API key renewed"),
    "key.revoked": _("API key revoked"),
    "pair.made": _("Access-key pair made"),
    "pair.changed": _("Access-key pair changed"),
    "pair.rotated": _("Access-key pair rotated"),
    "pair.renewed": _("Access-key pair renewed"),
    "pair.revoked": _("Access-key pair revoked"),
    "cap.set": _("Cap set"),
    "cap.removed": _("Cap ended"),
    "approval.approved": _("Request for more approved"),
    "approval.declined": _("Request for more declined"),
    "voucher.redeemed": _("Voucher used"),
    "voucher.wrong_code": _("Wrong voucher code"),
    "gift.redeemed": _("Gift used"),
    "top_up.on": _("Auto top-up switched on"),
    "top_up.off": _("Auto top-up switched off"),
    "low_balance.set": _("Balance alert set"),
    "plan.applied": _("Plan applied"),
    "credits.granted": _("Credits given"),
    "debt.written_off": _("Debt forgiven"),
    "wallet.frozen": _("Wallet frozen"),
    "wallet.thawed": _("Wallet opened again"),
    "fraud.warned": _("Fraud warning"),
    "film.trashed": _("Film put into the trash"),
    "film.restored": _("Film taken out of the trash"),
    "film.deleted": _("Film deleted"),
}
_OF_WHOM = ("by", "api_key", "access_key", "livemode")


def words(action: str) -> str:
    """What was done; an action without words of its own is said as it is written."""
    return str(_WORDS.get(action) or action.replace(".", " ").replace("_", " "))


def doer(event: AuditEvent) -> str:
    """As the ledger names them: `user:12`, `key:5`, `pair:3`, or empty for the house."""
    if event.actor_id:
        return f"user:{event.actor_id}"
    detail = event.detail
    for kind, name in (("api_key", "key"), ("access_key", "pair")):
        if detail.get(kind):
            return f"{name}:{detail[kind]}"
    return named(str(detail.get("by", "")))


def named(subject: str) -> str:
    """The subject if it is a person or a key that has a name, else empty."""
    kind, _colon, number = subject.partition(":")
    known = kind in ("user", "key", "pair") and number.isascii() and number.isdigit()
    return subject if known else ""


def details(detail: dict[str, Any]) -> str:
    """What else is known: `role admin, before creator`."""
    told = {name: value for name, value in detail.items() if name not in _OF_WHOM}
    return ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in told.items()
        if value not in (None, "")
    )
