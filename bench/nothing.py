"""The rival of bench/reads: a view of DRF's that does nothing, behind our authentication.

Django with no other middleware than its own for common matters; no limits, no log.
"""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"

import django

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - what follows needs Django set up
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Nothing(APIView):
    """As plain as a view with our key look-up can be."""

    permission_classes = ()

    def get(self, request: Request) -> Response:
        """An empty object."""
        return Response({})


urlpatterns = [path("nothing", Nothing.as_view())]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
application = WSGIHandler()
