"""The same product with the waiting: held calls and event streams on one port."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kling_saas.settings")

from kling_saas.wsgi import application as django  # isort: skip - sets Django up, so it comes first
from kling_saas.waits.app import WaitingRoom

application = WaitingRoom(django)
