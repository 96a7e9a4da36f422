"""Addresses of the pages that belong to no single app."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import RedirectView

from kling_saas.web import invitations, packages, papers, pricing, roots, views
from kling_saas.web.docs import views as docs
from kling_saas.web.team import members

settings = login_required(RedirectView.as_view(pattern_name="profile"))
urlpatterns = [
    path("", views.home, name="home"),
    path("models", views.models, name="models"),
    path("pricing", pricing.pricing, name="pricing"),
    path("pricing/month", pricing.month, name="pricing-month"),
    path("dev/", include("kling_saas.web.dev.urls")),
    path("help", papers.help_page, name="help"),
    path("legal/<slug:slug>", papers.legal, name="legal"),
    path("docs", docs.page, name="docs"),
    path("docs/<slug:slug>", docs.page, name="docs-page"),
    path("docs/<slug:slug>.md", docs.twin, name="docs-twin"),
    path("clients/<str:name>", packages.package, name="client-package"),
    path("llms.txt", docs.listing, name="llms"),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
    path("app/organisation", invitations.choose, name="organisation"),
    path("app/team", members.team, name="team"),
    path("app/team/", include("kling_saas.web.team.urls")),
    path("app/settings", settings, name="settings"),
    path("app/settings/", include("kling_saas.web.account.urls")),
    path("app/mode", views.mode, name="mode"),
    path("theme", views.theme, name="theme"),
    path("favicon.ico", roots.favicon),
    path("robots.txt", roots.robots),
]
