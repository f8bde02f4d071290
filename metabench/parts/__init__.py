"""What algorithms are made of: one part a file, which one algorithm or a few import."""
