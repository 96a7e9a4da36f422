"""What the API tells, typed, by subject. Moments are aware, credits whole."""
