"""llmprovider's API: Kling's task without an envelope, as its client and as its server."""
