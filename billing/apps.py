"""What things cost, who paid, and what is left."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Money")

    def ready(self) -> None:
        """Invitations are written down at the sign-up that they led to."""
        from allauth.account.signals import user_signed_up

        from billing.views.referral import newcomer

        user_signed_up.connect(newcomer)
