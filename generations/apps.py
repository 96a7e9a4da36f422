"""The product: a prompt becomes a stored film."""

from django.apps import AppConfig


class GenerationsConfig(AppConfig):
    name = "generations"
