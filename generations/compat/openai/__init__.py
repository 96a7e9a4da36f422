"""OpenAI's door: `/v1/videos` as its official clients call it, which outlived its own service."""
