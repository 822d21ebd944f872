"""What the commands share: options, paths, names, and text for a terminal."""
