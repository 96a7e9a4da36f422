"""Benchmarks: each runs alone, against a rival in the same run, and prints one JSON line last."""
