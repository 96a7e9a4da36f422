"""The native API, over HTTP against the running product."""
