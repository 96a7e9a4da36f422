"""The floor: small parts without tables that every app stands on."""
