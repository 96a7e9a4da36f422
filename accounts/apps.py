"""Who you are, whom you act for, how you prove it, and how you are told."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Organisations, people, keys")
