"""Money over the native API: wallet, ledger and price list."""
