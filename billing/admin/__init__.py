"""Money in the console: the books and payments are read, what is offered is kept up."""

from billing.admin import books, offers, payments, referrals

__all__ = ["books", "offers", "payments", "referrals"]
