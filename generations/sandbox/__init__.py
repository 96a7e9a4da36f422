"""The sandbox upstream: an HTTP server that stands in for the vendors and draws real films."""
