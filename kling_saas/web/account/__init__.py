"""Pages about oneself: how one signs in, what one is told, how things look."""
