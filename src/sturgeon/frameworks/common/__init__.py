"""What the adapters share: checkpoint files and when they are due, counted epochs, random states."""
