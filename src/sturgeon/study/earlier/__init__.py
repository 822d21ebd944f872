"""An earlier study as what a new one knows before its first trial."""
