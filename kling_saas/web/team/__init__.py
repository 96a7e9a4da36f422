"""Pages about an organisation: who belongs to it, who is invited, what each may do."""
