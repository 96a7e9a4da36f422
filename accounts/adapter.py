"""What allauth asks of us: a newcomer's organisation, mails in our layout, sealed second steps."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import letters, organisations
from accounts.models import User
from accounts.requests import client_address
from kling_saas.lib import product, sealing

log = logging.getLogger(__name__)
_SECOND_STEP = "mfa_authenticator"


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

    def get_client_ip(self, request: HttpRequest) -> str:
        """As our limits see it, believing our own proxies alone."""
        return client_address(request)

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

    def send_notification_mail(self, *args: Any, **options: Any) -> None:
        """Word of a change to an account; the change stands when the mail server fails."""
        try:
            super().send_notification_mail(*args, **options)
        except Exception:  # a mail server may fail in any way
            log.exception("a change to an account was not mailed")

    def render_mail(self, *args: Any, **options: Any) -> EmailMultiAlternatives:
        """allauth's text, and the same in our layout."""
        mail: EmailMultiAlternatives = super().render_mail(*args, **options)
        mail.attach_alternative(letters.as_html(str(mail.subject), str(mail.body)), "text/html")
        return mail


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals what a second step rests on, and calls the site by the product's name."""

    def encrypt(self, text: str) -> str:
        """As it is kept."""
        return sealing.seal(text, bound_to=_SECOND_STEP)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again."""
        return sealing.unseal(encrypted_text, bound_to=_SECOND_STEP)

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002
        """What a new passkey is called until its owner says better."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)s") % {"number": count + 1}

    def _get_site_name(self) -> str:
        return product.NAME
