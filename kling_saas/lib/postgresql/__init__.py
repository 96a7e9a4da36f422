"""Django's PostgreSQL backend, quicker at two things that every request does."""
