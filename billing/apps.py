"""What things cost, who paid, and what is left."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
