"""Films from your own program: the client of a Kling SaaS site, for threads and for asyncio.

>>> from kling_saas_client import Client
>>> client = Client()  # KLING_SAAS_API_KEY, KLING_SAAS_BASE_URL
>>> film = client.generations.create_and_wait(model="kling-v1", prompt="A fox in fresh snow")
>>> film.download("fox.mp4")
"""

from kling_saas_client.clients import AsyncClient, Client
from kling_saas_client.errors import (
    APIError,
    AuthenticationFailed,
    BadSettings,
    CapExceeded,
    CapReached,
    Conflict,
    ConnectionFailed,
    DownloadFailed,
    GenerationFailed,
    Gone,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidRequest,
    KlingError,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    QueueFull,
    RateLimited,
    ServerError,
    StillUnderWay,
    TimedOut,
    UnexpectedAnswer,
    Violation,
    WebhookNotVerified,
)
from kling_saas_client.following import News
from kling_saas_client.generations import Generation
from kling_saas_client.version import __version__
from kling_saas_client.webhooks import verify_webhook

__all__ = [
    "APIError",
    "AsyncClient",
    "AuthenticationFailed",
    "BadSettings",
    "CapExceeded",
    "CapReached",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "DownloadFailed",
    "Generation",
    "GenerationFailed",
    "Gone",
    "IdempotencyKeyReused",
    "InsufficientCredits",
    "InvalidRequest",
    "KlingError",
    "News",
    "NotFound",
    "PaymentRequired",
    "PermissionDenied",
    "QueueFull",
    "RateLimited",
    "ServerError",
    "StillUnderWay",
    "TimedOut",
    "UnexpectedAnswer",
    "Violation",
    "WebhookNotVerified",
    "__version__",
    "verify_webhook",
]
