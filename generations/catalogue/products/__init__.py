"""Kling's products beside text-to-video and image-to-video: each one frozen `Product`.

Validation, schemas, prices, both ends of the wire and what the sandbox does are derived from it.
"""
