"""What is kept of a run: its checkpoints, its tree, and the schedule that repeats it."""
