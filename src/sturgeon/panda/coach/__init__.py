"""The coach: what it sees in a run, and what is done about it."""
