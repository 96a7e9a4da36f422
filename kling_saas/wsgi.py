"""Request and answer: the whole product but for the waiting."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kling_saas.settings")
application = get_wsgi_application()
