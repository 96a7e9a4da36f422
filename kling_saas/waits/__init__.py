"""The waiting room: an ASGI layer without rules of its own.

Every request goes to Django (WSGI, in a thread). A view that has nothing to say yet answers at
once with a header that names what to wait for and where the answer will be; the room holds the
connection, not a thread, wakes by LISTEN/NOTIFY, and asks Django again as the same client.
"""
