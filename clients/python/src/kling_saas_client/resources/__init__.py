"""The parts of the API, each a class whose methods both clients have."""
