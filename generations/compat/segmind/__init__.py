"""Segmind's door: v1 blocking, v2 submit and poll, dollars for credits."""
