"""Request and answer: the whole product but for the waiting.

Programs' addresses go through Django with the middleware of machines only: no session, no cookie,
no page headers. It is quicker, and a browser's cookie can never speak for an API key.
"""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kling_saas.settings")
_pages = get_wsgi_application()

from django.conf import settings  # noqa: E402 - set up by the line above

from kling_saas.lib import lengths, scratch  # noqa: E402
from kling_saas.machines import is_for_machines  # noqa: E402

scratch.remove_forgotten()  # of killed ones of us, where no worker runs


class MachineHandler(WSGIHandler):
    """Django with MACHINE_MIDDLEWARE in the place of MIDDLEWARE."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Django reads the setting by name while it starts, so the name is lent for that moment."""
        pages, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.MACHINE_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = pages


_machines = MachineHandler()


def application(environ, start_response):  # type: ignore[no-untyped-def]
    """The WSGI application."""
    lengths.measure(environ, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    handler = _machines if is_for_machines(environ) else _pages
    return handler(environ, start_response)
