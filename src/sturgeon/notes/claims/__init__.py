"""The claims of the notes, a file each."""
