"""Make N organisations with a live wallet and a key each; print the keys as JSON."""

from __future__ import annotations

import hashlib
import json
import os
import sys

import django

MILLION = 1_000_000  # credits in each wallet


def main(count: int) -> None:
    """Rows in bulk; the money through the ledger's own function."""
    from django.db import connection
    from django.utils import timezone

    from accounts import tenancy
    from accounts.models import ApiKey, Organisation
    from kling_saas.lib.ids import checksum, random_base62

    keys, rows = [], []
    with tenancy.system("benchmark customers"):
        owners = Organisation.objects.bulk_create(
            [Organisation(name="bench") for _ in range(count)]
        )
        for owner in owners:
            body = random_base62(38)
            text = f"ksk_live_{body}{checksum('ksk_live_' + body)}"
            keys.append(text)
            rows.append(
                ApiKey(
                    organisation=owner,
                    livemode=True,
                    name="bench",
                    key_id=body[:8],
                    secret_hash=hashlib.sha256(text.encode()).digest(),
                    last4=text[-4:],
                    last_used_at=timezone.now(),  # in use for a while, as keys are
                )
            )
        ApiKey.objects.bulk_create(rows, batch_size=1000)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(billing_grant(o.id, true, %s, 'grant', NULL, 'bench', '', 0, '')) "
                "FROM accounts_organisation o WHERE o.id >= %s",
                [MILLION, owners[0].pk],
            )
    print(json.dumps({"first": owners[0].pk, "keys": keys}))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
    django.setup()
    main(int(sys.argv[1]))
