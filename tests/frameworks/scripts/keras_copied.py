from copied_trials import tune_copies

tune_copies("keras")
