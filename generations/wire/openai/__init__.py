"""OpenAI's video API: its words, as its own Python client has them."""
