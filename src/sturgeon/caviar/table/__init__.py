"""The main job: from a table to a tuned, saved network; before it a plan, after it repeats and the result."""
