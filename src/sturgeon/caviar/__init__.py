"""Many trainings at once: the lanes, the loop that feeds them, the main job on a table."""
