"""Records of people, organisations, credentials and what they are owed to hear."""

from accounts.models.audit import AuditEvent
from accounts.models.calls import ApiCall
from accounts.models.credentials import AccessKey, ApiKey, EndUserToken
from accounts.models.idempotency import IdempotencyRecord
from accounts.models.invitation import Invitation
from accounts.models.organisation import Membership, Organisation, Role
from accounts.models.outbox import OutboxMessage
from accounts.models.user import FilmMails, User
from accounts.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "AccessKey",
    "ApiCall",
    "ApiKey",
    "AuditEvent",
    "EndUserToken",
    "FilmMails",
    "IdempotencyRecord",
    "Invitation",
    "Membership",
    "Organisation",
    "OutboxMessage",
    "Role",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
