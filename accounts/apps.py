"""Who you are, whom you act for, how you prove it, and how you are told."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
