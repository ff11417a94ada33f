"""What can be typed: one file per group of commands, thin."""
