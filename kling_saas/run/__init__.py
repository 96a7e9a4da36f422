"""`make run`: the whole product on one machine, from one terminal, with nothing installed."""
