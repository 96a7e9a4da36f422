"""Shared plumbing of the HTTP doors: one error shape, strict bodies, request ids, host names."""
