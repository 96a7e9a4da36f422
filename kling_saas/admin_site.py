"""The operators' console: Django's admin on our own site, across tenants, staff only."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from kling_saas import admin_home, admin_reports
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

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The reports' addresses before those of the records."""
        reports = [
            path("billing/reports/", self.admin_view(self.reports), name="reports"),
            path(
                "billing/reports/<slug:name>.csv",
                self.admin_view(admin_reports.file),
                name="reports-csv",
            ),
        ]
        return [*reports, *super().get_urls()]

    def reports(self, request: HttpRequest) -> HttpResponse:
        """Revenue, margin and closes."""
        return admin_reports.page(request, self.each_context(request))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """allauth's login, with its rate limits, then back here."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer
