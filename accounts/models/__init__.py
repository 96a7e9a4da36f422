"""Records of people, organisations, credentials and what they are owed to hear."""

from accounts.models.audit import AuditEvent
from accounts.models.credentials import AccessKey, ApiKey
from accounts.models.idempotency import IdempotencyRecord
from accounts.models.organisation import Membership, Organisation, Role
from accounts.models.outbox import OutboxMessage
from accounts.models.user import User

__all__ = [
    "AccessKey",
    "ApiKey",
    "AuditEvent",
    "IdempotencyRecord",
    "Membership",
    "Organisation",
    "OutboxMessage",
    "Role",
    "User",
]
