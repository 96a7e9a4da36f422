"""Kling's first API standard (`/v1/videos/...`), as its client and as its server."""
