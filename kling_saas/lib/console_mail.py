"""Mail on the terminal as its reader reads it: subject and text, without headers and HTML."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """What Django's console backend does, in a few lines for each mail."""

    def write_message(self, message: EmailMessage) -> None:
        """Print whom it is for, what it is about, and its text."""
        told = f"Mail to {', '.join(message.recipients())}: {message.subject}"
        self.stream.write(f"{told}\n\n{message.body.strip()}\n{'-' * 79}\n")
