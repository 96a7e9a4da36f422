"""The API, and what is logged."""

from __future__ import annotations

from kling_saas import env
from kling_saas.lib import logs

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
    "API_PUBLIC_SECONDS",
    60,
    "For how long caches may keep models, tasks, prices, schema, s.",
    least=0,
)

LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), "What is logged."
)
LOGGING = logs.configuration(LOG_LEVEL)
