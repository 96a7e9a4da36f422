"""The roof as Django apps: it holds commands, checks and the operators' console, and no tables."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class KlingSaasConfig(AppConfig):
    name = "kling_saas"

    def ready(self) -> None:
        """Register the system checks."""
        from kling_saas import checks

        checks.register()


class OperatorAdminConfig(SimpleAdminConfig):
    """The console is read with the addresses: the processes without pages start without it."""

    default_site = "kling_saas.admin_site.OperatorSite"
