"""What the commands print: a study, a trial, a run as it goes on, its end."""
