"""One settings file for every place; all differences come from the environment (`env.py`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from kling_saas import env
from kling_saas.lib import logs

env.load()
BASE_DIR = env.ROOT
VAR = env.data_dir()

# ------------------------------------------------------------------ what kind of place this is
DEMO = env.flag(
    "DEMO",
    False,
    "Demo place: live keys may reach the sandbox, grants need no mail. Set by make run.",
)
DEBUG = env.flag("DEBUG", False, "Django's debug pages. Never in production.")
SECRET_KEY = env.text("SECRET_KEY", "", "Signs sessions and links; at least 50 random characters.")
ENCRYPTION_KEYS = env.words(
    "ENCRYPTION_KEYS",
    "",
    "Keys for secrets at rest, newest first: id:base64 of 32 bytes, separated by commas.",
)
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000", "Address under which customers reach us.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost", "Host names we answer to.")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE = SITE_URL.startswith("https://")

# ------------------------------------------------------------------ database: PostgreSQL only
DATABASE_URL = env.text(
    "DATABASE_URL", "", "PostgreSQL as the application role (no owner, no superuser)."
)
DATABASE_OWNER_URL = env.text(
    "DATABASE_OWNER_URL", "", "The same database as the migrating role that owns the tables."
)
DATABASE_DIRECT_URL = env.text(
    "DATABASE_DIRECT_URL", "", "For LISTEN, when DATABASE_URL goes through a pooler."
)

DATABASE_PREPARE = env.flag(
    "DATABASE_PREPARE", True, "Prepare hot statements. Off behind a pooler that loses them."
)


def _database(url: str) -> dict[str, Any]:
    """Django's form of a libpq address; raises ConfigError when libpq cannot read it."""
    try:
        parts = {k: v for k, v in conninfo_to_dict(url).items() if v is not None}
    except Exception as error:  # noqa: BLE001 - libpq's own error class is private
        raise env.ConfigError(f"DATABASE_URL cannot be read: {error}") from None
    return {
        "ENGINE": "kling_saas.lib.postgresql",
        "NAME": str(parts.pop("dbname", "")),
        "USER": str(parts.pop("user", "")),
        "PASSWORD": str(parts.pop("password", "")),
        "HOST": str(parts.pop("host", "")),
        "PORT": str(parts.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # PgBouncer in transaction mode holds
        "OPTIONS": parts,
    }


# manage.py sets this for the commands that change the schema; everything else is the application.
DATABASE_AS_OWNER = os.environ.get("KLING_DATABASE_ROLE") == "owner"
DATABASES = {"default": _database(DATABASE_OWNER_URL if DATABASE_AS_OWNER else DATABASE_URL)}
DATABASE_APP_ROLE = _database(DATABASE_URL)["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ------------------------------------------------------------------ Django
INSTALLED_APPS = [
    "kling_saas.apps.KlingSaasConfig",
    "accounts.apps.AccountsConfig",
    "billing.apps.BillingConfig",
    "generations.apps.GenerationsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "kling_saas.apps.OperatorAdminConfig",
    "template_partials",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "django_q",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kling_saas.api.requests.RequestIdMiddleware",
    "kling_saas.api.limits.FormLimitMiddleware",
    "kling_saas.api.hosts.DialectHostMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "kling_saas.web.letters.LettersMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.TenancyMiddleware",
]
MACHINE_MIDDLEWARE = [  # for addresses that only programs use (kling_saas/machines.py)
    "django.middleware.security.SecurityMiddleware",
    "kling_saas.api.requests.RequestIdMiddleware",
    "kling_saas.api.limits.FormLimitMiddleware",
    "kling_saas.api.hosts.DialectHostMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "kling_saas.urls"
WSGI_APPLICATION = "kling_saas.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kling_saas.web.context.site",
                "billing.context_processors.wallet",
            ],
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["kling_saas.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(
    env.text("STATIC_ROOT", "", "Folder of collected static files.") or VAR / "static"
)
STATICFILES_DIRS = [BASE_DIR / "static"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = env.integer(
    "HSTS_SECONDS", 0, "Strict-Transport-Security; 31536000 once sure."
)
WEB_THREADS = env.integer("WEB_THREADS", 16, "Requests one web process answers at once.", least=1)
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 24 * 1024 * 1024  # two 10 MB images as base64 do not fit, one does
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
if _media_origin := env.text("MEDIA_ORIGIN", "", "Origin of stored films when not this site (S3)."):
    for _directive in ("img-src", "media-src"):
        CONTENT_SECURITY_POLICY["DIRECTIVES"][_directive].append(_media_origin)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
    }
}

# ------------------------------------------------------------------ accounts
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
LOGIN_REDIRECT_URL = "/app/studio"
LOGIN_URL = "/accounts/login/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
SIGNUP_GRANT = env.integer("SIGNUP_GRANT", 60, "Credits given to a new organisation.")
SIGNUP_GRANTS_PER_NETWORK = env.integer(
    "SIGNUP_GRANTS_PER_NETWORK", 3, "Grants per /24 (or /48 of IPv6) and 24 hours."
)
TEST_WALLET_GRANT = env.integer("TEST_WALLET_GRANT", 10_000, "Test credits of a new organisation.")
JWT_MAX_LIFETIME = env.integer("JWT_MAX_LIFETIME", 1800, "Longest life of an access-key JWT, s.")
CREDENTIAL_RECHECK_SECONDS = env.number(
    "CREDENTIAL_RECHECK_SECONDS", 1.0, "How long a revoked key may go on working, s."
)
JWT_LEEWAY = env.integer("JWT_LEEWAY", 30, "Clock skew allowed in a JWT, s.")

# ------------------------------------------------------------------ mail
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "films@localhost", "Sender of our mail.")
EMAIL_URL = env.text("EMAIL_URL", "", "smtp://user:password@host:587; empty prints to the console.")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_URL
    else "kling_saas.lib.console_mail.EmailBackend"
)
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS = env.mail(EMAIL_URL)

# ------------------------------------------------------------------ money
USD_PER_CREDIT = env.decimal("USD_PER_CREDIT", "0.028", "List price of one credit in dollars.")
QUOTE_MINUTES = env.integer("QUOTE_MINUTES", 15, "How long a quote binds, minutes.", least=1)

# ------------------------------------------------------------------ upstreams and the sandbox
SANDBOX_URL = env.text(
    "SANDBOX_URL", "http://127.0.0.1:9100", "Where the sandbox upstream answers."
)
SANDBOX_SPEED = env.number("SANDBOX_SPEED", 1.0, "Divides the sandbox's delays; 60 in make run.")
SANDBOX_FILM = env.choice(
    "SANDBOX_FILM", "full", ("full", "small", "tiny"), "Size of sandbox films."
)
CALLBACK_URL = (
    env.text("CALLBACK_URL", "", "Address upstreams call back; default SITE_URL.") or SITE_URL
)
UPSTREAM_TIMEOUT = env.number(
    "UPSTREAM_TIMEOUT", 30.0, "Longest silence of an upstream, s; a call ends with its lease."
)
ALLOW_PRIVATE_ADDRESSES = env.flag(
    "ALLOW_PRIVATE_ADDRESSES", False, "Let fetches reach private addresses. Tests and demo only."
)
KLING_DIALECT_STATUS = env.choice(
    "KLING_DIALECT_STATUS",
    "seed",
    ("seed", "official"),
    "402/400 as documented, or Kling's 429/404.",
)
SEGMIND_WAIT_MAX = env.integer("SEGMIND_WAIT_MAX", 900, "Longest blocking Segmind call, s.")
DIALECT_HOSTS = env.pairs(
    "DIALECT_HOSTS",
    ("kling", "segmind", "llmprovider"),
    "host=kling|segmind|llmprovider, separated by commas.",
)

# ------------------------------------------------------------------ health of upstream accounts
OPERATOR_CHANGES_SECONDS = env.number(
    "OPERATOR_CHANGES_SECONDS", 2.0, "Changed accounts and products are in force everywhere, s."
)
BREAKER_WINDOW_SECONDS = env.number("BREAKER_WINDOW_SECONDS", 60.0, "Creates are counted anew, s.")
BREAKER_FAILURES = env.integer("BREAKER_FAILURES", 10, "Failed creates of a model that stop it.")
BREAKER_SHARE = env.number("BREAKER_SHARE", 0.5, "The least share of creates they must be.")
BREAKER_OPEN_SECONDS = env.number("BREAKER_OPEN_SECONDS", 5.0, "First pause of it, doubling, s.")
BREAKER_OPEN_MAX = env.number("BREAKER_OPEN_MAX", 60.0, "Its longest pause between probes, s.")
RETRY_SHARE = env.number("RETRY_SHARE", 0.1, "Creates sent again per first create, by account.")
RETRY_RESERVE = env.integer("RETRY_RESERVE", 5, "Most retries an account saves up.", least=1)
RETRY_TRICKLE_SECONDS = env.number("RETRY_TRICKLE_SECONDS", 30.0, "A retry earned by time, s.")
SUBMIT_ATTEMPTS = env.integer("SUBMIT_ATTEMPTS", 8, "Broken answers that end an order.", least=1)
ACCOUNT_PAUSE_SECONDS = env.number("ACCOUNT_PAUSE_SECONDS", 60.0, "Pause after 401 or 402, s.")
AUTH_FAILURES = env.integer("AUTH_FAILURES", 3, "401s in a row that disable an account.", least=1)

# ------------------------------------------------------------------ lifecycle
LEASE_SECONDS = env.integer("LEASE_SECONDS", 60, "A worker's claim on a step, s.", least=5)
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 15.0, "Pause between sweeps for lost work, s.")
POLL_SECONDS = env.number("POLL_SECONDS", 5.0, "Pause between polls of one upstream task, s.")
UNKNOWN_GRACE_SECONDS = env.integer(
    "UNKNOWN_GRACE_SECONDS", 120, "How long an unknown submit is looked up before it is resent, s."
)
STEP_ATTEMPTS = env.integer("STEP_ATTEMPTS", 5, "Tries of one step before it is given up.", least=1)
STEP_CRASHES = env.integer("STEP_CRASHES", 3, "Dead workers that end an order.", least=1)
DEADLINE_SECONDS = env.integer(
    "DEADLINE_SECONDS", 3600, "A generation without a film after this is failed and refunded, s."
)
LATE_LOOK_SECONDS = env.number(
    "LATE_LOOK_SECONDS", 60.0, "Pause between questions about a film that was given up, s."
)
ORPHAN_HOURS = env.integer(
    "ORPHAN_HOURS", 48, "Age at which a stored file that nothing names is deleted, h.", least=26
)
UPLOAD_DAYS = env.integer(
    "UPLOAD_DAYS", 30, "How long an upload that was never ordered with is kept, days.", least=1
)
RECONCILE_HOURS = env.number("RECONCILE_HOURS", 24.0, "Pause between reconciliations, h.")
RECONCILE_TOLERANCE = env.number(
    "RECONCILE_TOLERANCE", 1.0, "Difference from an upstream's bill that rings no alarm, percent."
)
QUEUE_LIMIT = env.integer(
    "QUEUE_LIMIT", 1000, "Unfinished generations of one organisation.", least=1
)
DISPATCH_WEIGHT = env.integer("DISPATCH_WEIGHT", 1, "Turns of a new organisation.", least=1)
ORGANISATION_CONCURRENCY = env.integer("ORGANISATION_CONCURRENCY", 0, "Its films at once; 0: all.")
DRAIN_SECONDS = env.integer(
    "DRAIN_SECONDS", 900, "How long a stopping worker waits for calls that upstreams hold, s."
)
WORKERS_SHORT = env.integer("WORKERS_SHORT", 2, "Processes for short work.", least=1)
WORKERS_MEDIA = env.integer("WORKERS_MEDIA", 2, "Processes that fetch and verify films.", least=1)
FILM_FETCH_SECONDS = env.integer("FILM_FETCH_SECONDS", 240, "Longest download of a film, s.")
FILM_STEP_SECONDS = FILM_FETCH_SECONDS + 240  # asked for, downloaded, decoded and stored
_SPAN = FILM_STEP_SECONDS + 60  # of a media session, whose last step begins within a minute
Q_CLUSTER: dict[str, Any] = {
    "name": "kling",
    "cluster_name": "short",
    "orm": "default",
    "broker_class": "generations.broker.SkipLockedBroker",
    "workers": WORKERS_SHORT,
    "timeout": 120,  # a session of 15 s, then a look-up and a create of 30 s each
    "retry": 300,
    "queue_limit": WORKERS_SHORT,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "recycle": 5000,
    "poll": 0.1,
    "guard_cycle": 0.5,
    "catch_up": False,
    "scheduler": False,
    "label": "Queue",
    "log_level": "WARNING",
    "ALT_CLUSTERS": {
        "media": {"workers": WORKERS_MEDIA, "timeout": _SPAN, "retry": 2 * _SPAN, "queue_limit": 1},
    },
}

# ------------------------------------------------------------------ stored films
FILM_MAX_BYTES = env.integer("FILM_MAX_BYTES", 512 * 1024 * 1024, "Largest film accepted, bytes.")
TRUSTED_PROXIES = env.integer(
    "TRUSTED_PROXIES", 0, "Proxies of ours before the site; their X-Forwarded-For is believed."
)
LINK_SECONDS = env.integer("LINK_SECONDS", 3600, "Life of a signed link to a film, s.", least=60)
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", "", "Folder of stored films.") or VAR / "media")
S3_BUCKET = env.text("S3_BUCKET", "", "Bucket of stored films; empty stores in MEDIA_ROOT.")
_S3 = {
    "bucket_name": S3_BUCKET,
    "endpoint_url": env.text("S3_ENDPOINT", "", "Address of the S3 server.") or None,
    "access_key": env.text("S3_ACCESS_KEY", "", "S3 access key.") or None,
    "secret_key": env.text("S3_SECRET_KEY", "", "S3 secret key.") or None,
    "region_name": env.text("S3_REGION", "us-east-1", "S3 region."),
    "addressing_style": env.choice(
        "S3_ADDRESSING", "path", ("path", "virtual"), "How the bucket is named in addresses."
    ),
    "signature_version": "s3v4",
    "querystring_expire": LINK_SECONDS,
    "default_acl": None,
    "file_overwrite": True,
}
_default_storage: dict[str, Any]
if S3_BUCKET:
    _default_storage = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _S3}
else:
    _default_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MEDIA_ROOT), "base_url": "/media/"},
    }
STORAGES = {
    "default": _default_storage,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# ------------------------------------------------------------------ API
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

# ------------------------------------------------------------------ logs
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), "What is logged."
)
LOGGING = logs.configuration(LOG_LEVEL)
