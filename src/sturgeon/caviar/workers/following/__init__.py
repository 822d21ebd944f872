"""What is known of the trials that train: where each runs, what it reported, and what came of it."""
