"""A table however it comes: a file, a data frame or two arrays, read as one data frame."""
