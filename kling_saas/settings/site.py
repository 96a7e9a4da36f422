"""The site: Django, its pages, and who comes there."""

from __future__ import annotations

from pathlib import Path

from kling_saas import env
from kling_saas.settings.payments import PAYMENTS_PAGES
from kling_saas.settings.place import BASE_DIR, SECURE, VAR

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
    "allauth.mfa",
    "allauth.usersessions",
    "corsheaders",
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
    "accounts.api.call_log.CallLogMiddleware",
    "kling_saas.api.hosts.DialectHostMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "kling_saas.web.deprecations.DeprecationMiddleware",
    "kling_saas.api.limits.FormLimitMiddleware",
    "accounts.api.rates.RateLimitMiddleware",
    "kling_saas.api.conditional.ConditionalGetMiddleware",
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
TRUSTED_PROXIES = env.integer(
    "TRUSTED_PROXIES", 0, "Proxies of ours before the site; their X-Forwarded-For is believed."
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
        "form-action": ["'self'", *PAYMENTS_PAGES],
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

DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "films@localhost", "Sender of our mail.")
EMAIL_URL = env.text("EMAIL_URL", "", "smtp://user:password@host:587; empty prints to the console.")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_URL
    else "kling_saas.lib.console_mail.EmailBackend"
)
EMAIL_TIMEOUT = env.integer(
    "EMAIL_TIMEOUT", 10, "How long a mail server is waited for, s.", least=1
)
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS = env.mail(EMAIL_URL)

OPERATOR = env.text("OPERATOR", "The operator of this place", "Who runs it, for legal pages.")
CONTACT_EMAIL = env.text("CONTACT_EMAIL", "help@localhost", "Where people write to for help.")
PAPERS_DIR = env.text(
    "PAPERS_DIR", "", "Folder of your own help.md, terms.md, privacy.md, acceptable-use.md, "
    "refunds.md, dpa.md; what is missing there comes from the templates.",
)  # fmt: skip
