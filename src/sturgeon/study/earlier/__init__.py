"""An earlier study: its trials in another space, and what a new study knows of it before its first trial."""
