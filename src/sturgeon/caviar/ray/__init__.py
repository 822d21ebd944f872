"""Training functions on the machines of a Ray cluster."""
