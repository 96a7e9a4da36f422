"""Long trials of the running product: chaos, fuzz, load. Each prints one JSON line last."""
