"""Money that comes in: the only room that knows the payment service, and grants what was paid."""
