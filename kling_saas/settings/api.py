"""The API, and what is logged."""

from __future__ import annotations

import re

from kling_saas import env, machines
from kling_saas.lib import deprecations, logs

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.HasOrganisation"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kling_saas.api.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "kling_saas.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Kling SaaS API",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
}

KEYS_MAX = env.integer(
    "KEYS_MAX", 500, "Working keys of one organisation in one mode; as many pairs.", least=1
)
RATE_LIMIT_KEY = env.integer(
    "RATE_LIMIT_KEY", 3000, "Requests a minute with one key; 0: no limit.", least=0
)
RATE_LIMIT_ORGANISATION = env.integer(
    "RATE_LIMIT_ORGANISATION", 6000, "Of one organisation's keys, live and test apart.", least=0
)
RATE_LIMIT_END_USER = env.integer(
    "RATE_LIMIT_END_USER", 120, "With the tokens of one end user.", least=0
)
RATE_LIMIT_ADDRESS = env.integer(
    "RATE_LIMIT_ADDRESS", 12_000, "To programs' doors from one IP address.", least=0
)
RATE_LIMIT_REFUSED = env.integer(
    "RATE_LIMIT_REFUSED", 300, "With credentials that open nothing, from one address.", least=0
)

API_PUBLIC_SECONDS = env.integer(
    "API_PUBLIC_SECONDS", 60, "Caches may keep models, tasks and prices for so long, s.", least=0
)
BATCH_MAX = env.integer("BATCH_MAX", 50, "Orders in one batch, at most.", least=1)

CORS_ORIGINS = env.words(
    "CORS_ORIGINS", "*", "Sites whose pages may call the API and dialects: https://a.com,…; *: any."
)
CORS_ALLOW_ALL_ORIGINS = "*" in CORS_ORIGINS
CORS_ALLOWED_ORIGINS = [origin for origin in CORS_ORIGINS if origin != "*"]
# The doors that a key opens and no cookie does (kling_saas/wsgi.py), and signed links to files.
CORS_URLS_REGEX = f"(?:{'|'.join(map(re.escape, (*machines.DIALECTS, '/api/', '/media/')))})"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_OPENAI = "arch helper-method lang os package-version retry-count runtime runtime-version timeout"
CORS_ALLOW_HEADERS = (
    "authorization", "content-type", "idempotency-key", "if-none-match", "last-event-id", "prefer",
    "range", "x-api-key", "x-requested-with",
    "openai-beta", "openai-organization", "openai-project",
    *(f"x-stainless-{word}" for word in _OPENAI.split()),  # as OpenAI's own client sends
)  # fmt: skip
CORS_EXPOSE_HEADERS = (
    "Accept-Ranges", "Content-Disposition", "Content-Range", "Deprecation", "ETag",
    "Idempotent-Replayed", "Link", "Location", "Preference-Applied", "RateLimit",
    "RateLimit-Policy", "Retry-After", "Sunset", "X-Cost", "X-Generation-Time",
    "X-Remaining-Credits", "X-Request-Id", "X-Seed-Value", "X-Should-Retry",
)  # fmt: skip
CORS_PREFLIGHT_MAX_AGE = 7200  # seconds, the longest that Chromium keeps an answer

_GOING = env.words("API_DEPRECATIONS", "", f"What goes away, each as {deprecations.SHAPE}.")
try:
    API_DEPRECATIONS = deprecations.read(_GOING)
except deprecations.Unreadable as _part:
    raise env.ConfigError(
        f"API_DEPRECATIONS: {str(_part)!r} must look like {deprecations.SHAPE}"
    ) from None
REQUEST_LOG_DAYS = env.integer(
    "REQUEST_LOG_DAYS", 30, "Days that customers see their API calls; 0: none is kept.", least=0
)
REQUEST_LOG_BODY = env.integer(
    "REQUEST_LOG_BODY", 16_384, "Characters of each body that are kept with them.", least=0
)

LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), "What is logged."
)
LOGGING = logs.configuration(LOG_LEVEL)
