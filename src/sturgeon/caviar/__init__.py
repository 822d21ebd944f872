"""Many trainings at once: the fused lanes, the loop that feeds them, the main job on a table."""
