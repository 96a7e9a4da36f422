"""Tests of the payments sandbox, by Stripe's own SDK over real sockets."""
