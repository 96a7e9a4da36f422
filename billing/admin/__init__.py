"""Money in the console: the books are read, what is offered is kept up."""

from billing.admin import books, offers

__all__ = ["books", "offers"]
