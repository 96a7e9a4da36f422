"""The operators' console: Django's admin on our own site, across tenants, staff only."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from kling_saas import admin_home
from kling_saas.lib import product


class OperatorSite(AdminSite):
    """Signs in through the site's own login, so that its limits on guessing hold here too."""

    site_title = product.NAME
    site_header = product.NAME
    index_title = _("Overview")
    enable_nav_sidebar = True

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """The records, below what needs a person now."""
        now = {"figures": admin_home.figures(), "alarms": admin_home.alarms()}
        answer: TemplateResponse = super().index(request, {**(extra_context or {}), **now})
        return answer

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """allauth's login, with its rate limits, then back here."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer
