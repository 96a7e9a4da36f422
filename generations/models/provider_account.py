"""Our accounts at the upstreams: operators' rows, not a tenant's."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils import timezone

from kling_saas.lib.logs import kept
from kling_saas.lib.sealing import seal, unseal

LIST_USD_PER_UNIT = Decimal("0.14")  # Kling's own list price of a video unit
_SECRET_MIN = 8  # characters; what is shorter, as a sandbox's, is in many a word
_WHY_MAX = 300  # characters of a vendor's words that are kept


def kept_words(why: str) -> str:
    """A vendor's words, of any length and content, as the columns of this file keep them."""
    return kept(why, _WHY_MAX)


def secrets_of(credential: str) -> list[str]:
    """The parts of a credential by which it is known again."""
    return [part for part in credential.split("|") if len(part) >= _SECRET_MIN]


class Protocol(models.TextChoices):
    """Which wire format the account speaks."""

    KLING = "kling", "Kling (legacy standard)"
    KLING_2026 = "kling_2026", "Kling (2026 standard)"
    SEGMIND = "segmind", "Segmind v2 (submit and poll)"
    SEGMIND_V1 = "segmind_v1", "Segmind v1 (blocking)"
    LLMPROVIDER = "llmprovider", "llmprovider"


class ProviderAccount(models.Model):
    """Lower `priority` is tried first; equals share their orders by `weight`.

    Credentials are sealed and bound to the name: `key` or `access_key|secret_key`, as each vendor
    issues it. What an operator sets and what trouble sets are kept apart: an account is in service
    when it is `enabled`, not `disabled_because` of its credential, and not `paused_until` later.
    """

    name = models.SlugField(max_length=40, unique=True)
    protocol = models.CharField(max_length=12, choices=Protocol.choices)
    base_url = models.URLField(max_length=300)
    sealed_credential = models.TextField(blank=True, editable=False)
    enabled = models.BooleanField(
        default=True,
        help_text="Off: it gets no order for now; those that only it can make wait for it, until "
        "their deadline. To retire it, untick serves_live and serves_test too: they are given "
        "back.",
    )
    is_sandbox = models.BooleanField(default=False)
    serves_live = models.BooleanField(default=True)
    serves_test = models.BooleanField(default=False)
    priority = models.PositiveSmallIntegerField(default=100)
    weight = models.PositiveSmallIntegerField(
        default=1, help_text="Share of the orders among accounts of the same priority."
    )
    concurrency = models.PositiveIntegerField(default=5)
    polls_per_second = models.PositiveSmallIntegerField(
        default=200,
        help_text="Most questions about films under way in a second. What is asked now and then "
        "comes on top: look-ups of lost answers, fresh links, films that are late.",
    )
    max_seconds = models.PositiveSmallIntegerField(default=15)
    models_sold = models.JSONField(
        "models", default=list, blank=True, help_text="Names; empty: all that the protocol sells."
    )
    cost_book = models.JSONField(
        default=dict,
        blank=True,
        help_text='Dollars per official unit, by model or "*", as {"*": "0.14"}.',
    )
    paused_until = models.DateTimeField(null=True, blank=True)
    disabled_because = models.CharField(max_length=_WHY_MAX, blank=True)
    auth_failures = models.PositiveSmallIntegerField(default=0)
    throttled = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Pauses in a row because it takes no more for now."
    )
    retry_tokens = models.FloatField(null=True, blank=True, help_text="Null: the whole reserve.")
    retry_tokens_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=_WHY_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["priority", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weight__gte=1),
                name="account_has_some_weight",
                violation_error_message="Choose a weight of at least 1.",
            ),
            models.CheckConstraint(
                condition=models.Q(polls_per_second__gte=1),
                name="account_may_be_asked",
                violation_error_message="Allow at least one question in a second.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def usd_per_unit(self, model: str) -> Decimal:
        """What one of Kling's official units costs us here, in dollars."""
        told = self.cost_book.get(model) or self.cost_book.get("*") or LIST_USD_PER_UNIT
        return Decimal(str(told))

    def sells(self, model: str) -> bool:
        """Whether the operator lets it make films of this model."""
        return not self.models_sold or model in self.models_sold

    def set_credential(self, text: str) -> None:
        """Seal a new credential; the row is not saved."""
        self.sealed_credential = seal(text, bound_to=f"provider_account:{self.name}")

    def credential(self) -> str:
        """The credential in clear. Raises SealBroken when it cannot be opened."""
        return unseal(self.sealed_credential, bound_to=f"provider_account:{self.name}")


class RefusedModel(models.Model):
    """A model an account does not serve, until a moment or for good.

    `model` is what is called (`catalogue.params.called`): `multi-image2video kling-v1-6` is not
    kling-v1-6. For good when the upstream said "discontinued", or an operator did.
    """

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE)
    model = models.CharField(max_length=81)  # of a product, its name and a model's
    reason = models.CharField(max_length=_WHY_MAX)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "model"], name="refused_once_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.model}"


class BreakerState(models.TextChoices):
    """`half_open`: one order is out to see whether it works again."""

    CLOSED = "closed", "Closed (works)"
    OPEN = "open", "Open (nothing is sent)"
    HALF_OPEN = "half_open", "Half open (trying)"


class Breaker(models.Model):
    """How one model does at one account, for every process. Written by compare-and-set.

    `model` is what is called (`catalogue.params.called`).
    """

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE)
    model = models.CharField(max_length=81)  # of a product, its name and a model's
    state = models.CharField(
        max_length=9, choices=BreakerState.choices, default=BreakerState.CLOSED
    )
    window_at = models.DateTimeField(default=timezone.now)
    successes = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    in_a_row = models.PositiveIntegerField(default=0, help_text="Failures since the last success.")
    failing_since = models.DateTimeField(null=True, blank=True)
    openings = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    next_probe_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=_WHY_MAX, blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "model"], name="one_breaker_per_model"),
            models.CheckConstraint(
                condition=models.Q(state=BreakerState.CLOSED)
                | models.Q(next_probe_at__isnull=False),
                name="what_is_open_is_tried_again",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.model} {self.state}"
