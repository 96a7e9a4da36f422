"""Books, files and upstreams' bills held against each other: what differs is found and told."""
