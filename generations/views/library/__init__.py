"""The pages of the library: its grid, one film, what is kept in order, shared and thrown away."""
