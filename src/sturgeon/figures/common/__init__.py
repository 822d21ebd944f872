"""What the pictures share: the study at one moment, axes, colours, text, thinning."""
