"""The library: what was made, found again, sorted, shared and thrown away. It knows no HTTP."""
