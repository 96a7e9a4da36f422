"""A person who signs in with an e-mail address."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user; the address is stored in lower case."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An operator with every permission in the console."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class FilmMails(models.TextChoices):
    """When somebody is mailed about their films; empty is never."""

    EACH = "each", "Each film"
    FAILURES = "failures", "Failures only"
    DIGEST = "digest", "Once a day"


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What they may touch follows from their memberships."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May sign in to the console.")
    date_joined = models.DateTimeField(default=timezone.now)
    # How they want the site; empty is as the browser says.
    language = models.CharField(max_length=12, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    density = models.CharField(
        max_length=8, blank=True, default="", db_default="", choices=[("compact", "Compact")]
    )
    motion = models.CharField(
        max_length=8, blank=True, default="", db_default="", choices=[("reduce", "Reduced")]
    )
    leaves_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When the account is deleted, if it is."
    )
    leaving_told_at = models.DateTimeField(null=True, blank=True)
    shortcuts_off = models.JSONField(blank=True, default=list, db_default=[])
    film_mails = models.CharField(
        max_length=8, blank=True, default="", db_default="", choices=FilmMails.choices
    )
    films_told_until = models.DateTimeField(null=True, blank=True)
    films_lease_until = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_address")]
        indexes = [
            models.Index(
                fields=["films_told_until"], condition=~models.Q(film_mails=""),
                name="user_film_mails",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.email

    @property
    def called(self) -> str:
        """The name, or the address where there is none."""
        return self.name or self.email
