"""Kling's API standard of 2026 (model in the path), as its client and as its server."""
