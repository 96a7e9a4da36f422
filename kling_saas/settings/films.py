"""Stored films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kling_saas import env
from kling_saas.settings.place import DEBUG, VAR

FILM_MAX_BYTES = env.integer("FILM_MAX_BYTES", 512 * 1024 * 1024, "Largest film accepted, bytes.")
LINK_SECONDS = env.integer("LINK_SECONDS", 3600, "Life of a signed link to a film, s.", least=60)
FILM_RETENTION_DAYS = env.integer(
    "FILM_RETENTION_DAYS", 0, "Days films are kept where no plan says more, to 36500; 0: for good."
)
if FILM_RETENTION_DAYS > 36_500:  # as a plan's
    raise env.ConfigError("FILM_RETENTION_DAYS must be at most 36500, or 0 for good")
TRASH_DAYS = env.integer(
    "TRASH_DAYS", 30, "Days films stay in the trash before they are deleted.", least=1
)
LIBRARY_BULK_MAX = env.integer(
    "LIBRARY_BULK_MAX", 1000, "Films of the library that one press changes at most.", least=1
)
ZIP_MAX_FILMS = env.integer("ZIP_MAX_FILMS", 500, "Films in one downloaded ZIP file.", least=1)
ZIP_MAX_BYTES = env.integer(
    "ZIP_MAX_BYTES", 8 * 10**9, "Bytes of films in one downloaded ZIP file.", least=1
)
SHARES_MAX = env.integer("SHARES_MAX", 100, "Open links to one film at once.", least=1)
RECIPES_MAX = env.integer("RECIPES_MAX", 50, "Recipes that a person keeps.", least=1)
UPLOAD_MAX_BYTES = env.integer(
    "UPLOAD_MAX_BYTES", 200 * 1024 * 1024,
    "Largest film or sound sent to an address of its own, bytes; Kling takes films to 200 MB.",
)  # fmt: skip
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
