"""allauth's one extension point: a newcomer gets an organisation of their own at sign-up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts import letters, organisations
from accounts.models import User
from accounts.requests import client_address
from kling_saas.lib import product


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Keeps allauth's flows and adds what the product needs around them."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Store the newcomer and their organisation, both or neither."""
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            if commit:
                network = organisations.network_of(client_address(request))
                organisations.create(saved, network=network)
        return saved

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The studio; an operator without an organisation has none, and goes to the console."""
        user = request.user
        if user.is_staff and not organisations.memberships_of(user.pk):
            return reverse("admin:index")
        return str(super().get_login_redirect_url(request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """As allauth does, signed with the product's name instead of the request's host."""
        site = SimpleNamespace(name=product.NAME, domain=urlsplit(settings.SITE_URL).netloc)
        super().send_mail(template_prefix, email, {**context, "current_site": site})

    def render_mail(self, *args: Any, **options: Any) -> EmailMultiAlternatives:
        """allauth's text, and the same in our layout."""
        mail: EmailMultiAlternatives = super().render_mail(*args, **options)
        mail.attach_alternative(letters.as_html(str(mail.subject), str(mail.body)), "text/html")
        return mail
