"""The native API of films: quotes, generations, models, uploads and the schema."""
