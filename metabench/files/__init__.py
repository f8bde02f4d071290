"""Files that are whole or not there, say what they are, and are checked when they are read."""
