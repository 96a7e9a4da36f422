"""The same product with the waiting: held calls and event streams on one port."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kling_saas.settings")
_django = get_wsgi_application()

from kling_saas.waits.app import WaitingRoom  # noqa: E402 - needs Django's settings

application = WaitingRoom(_django)
