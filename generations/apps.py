"""The product: a prompt becomes a stored film."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GenerationsConfig(AppConfig):
    name = "generations"
    verbose_name = _("Films and upstreams")

    def ready(self) -> None:
        """What follows here from what happens below."""
        from billing import plans
        from generations import retention

        plans.applied.connect(retention.follow_plan)
