"""The sandbox upstream, driven over HTTP as the product drives it."""
