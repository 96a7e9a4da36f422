"""What kind of place this is, and where it keeps what is its own."""

from __future__ import annotations

from kling_saas import env

BASE_DIR = env.ROOT
VAR = env.data_dir()

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
