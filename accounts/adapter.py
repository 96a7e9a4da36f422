"""allauth's one extension point: a newcomer gets an organisation of their own at sign-up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts import organisations
from accounts.models import User
from accounts.requests import client_address


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
