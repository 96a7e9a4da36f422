"""The whole map on one page."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.webauthn import views as webauthn
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts.middleware import outside_transactions
from billing.views import referral, webhooks
from generations.views import shares
from kling_saas.api.errors import unknown_address
from kling_saas.web import callbacks, health, media

admin.autodiscover()
# They carry out what they kept for after the proof, which may be of any organisation.
for proof in (account.reauthenticate, mfa.reauthenticate, webauthn.reauthenticate_webauthn):
    outside_transactions(proof)
urlpatterns = [
    # First what is asked most: addresses are tried in this order.
    path("api/v1/", include("generations.api.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("billing.api.urls")),
    path("admin/", admin.site.urls),
    # allauth's lists are parts of one page of ours; it goes to them after each change.
    path("accounts/2fa/", RedirectView.as_view(pattern_name="security")),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="security")),
    path("accounts/sessions/", RedirectView.as_view(pattern_name="security")),
    path("accounts/", include("allauth.urls")),
    path("media/<path:key>", media.media),
    path("callbacks/<slug:token>", callbacks.upstream),
    path("webhooks/stripe", webhooks.stripe),
    re_path(r"^api/", unknown_address),
    path("", include("generations.compat.urls")),
    path("", include("kling_saas.web.urls")),
    path("app/", include("generations.urls")),
    path("r/<str:code>", referral.invited, name="invited"),
    path("s/<slug:token>", shares.page, name="share"),
    path("s/<slug:token>/film", shares.film, name="share-film"),
    path("s/<slug:token>/poster", shares.poster, name="share-poster"),
    path("billing/", include("billing.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]

handler400 = "kling_saas.web.errors.bad_request"
handler403 = "kling_saas.web.errors.forbidden"
handler404 = "kling_saas.web.errors.not_found"
handler500 = "kling_saas.web.errors.broken"
