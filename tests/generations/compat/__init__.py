"""The dialects, over HTTP against the running product."""
