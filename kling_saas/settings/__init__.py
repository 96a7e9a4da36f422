"""Every setting, by subject; all differences between places come from the environment."""

# ruff: noqa: E402, F403 - the environment is read first, and Django reads the settings here

from kling_saas import env

env.load()

from kling_saas.settings.api import *
from kling_saas.settings.customers import *
from kling_saas.settings.database import *
from kling_saas.settings.films import *
from kling_saas.settings.lifecycle import *
from kling_saas.settings.payments import *
from kling_saas.settings.place import *
from kling_saas.settings.site import *
from kling_saas.settings.upstreams import *
from kling_saas.settings.webhooks import *
