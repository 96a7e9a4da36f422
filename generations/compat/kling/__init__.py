"""Kling's own door, first standard: create, query, list, account."""
