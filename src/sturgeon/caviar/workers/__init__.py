"""One training function in many worker processes: started afresh, one trial each at a time."""
