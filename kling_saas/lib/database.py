"""What Django raises when the database is away or a connection is lost: worth another try."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

DATABASE_GONE = (OperationalError, InterfaceError)
