"""llmprovider's door: Kling's words without the envelope, errors in OpenAI's shape."""
