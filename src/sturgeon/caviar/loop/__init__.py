"""The loop over lanes: it hands trials in, writes epochs down, and ends each training as it should end."""
