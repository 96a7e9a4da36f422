"""What this product calls itself, on pages and in mails."""

from __future__ import annotations

from kling_saas import env

NAME = env.text("PRODUCT_NAME", "Kling SaaS", "Name of the product on pages and in mails.")
