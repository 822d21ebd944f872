"""What a budget affords, before anything is tuned: trainings timed, a run rehearsed, trials counted."""
