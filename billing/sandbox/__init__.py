"""Stripe's stand-in: a server of its own that answers as Stripe's API does and moves no money."""
