"""Segmind's API, blocking v1 and queued v2, as its client and as its server."""
