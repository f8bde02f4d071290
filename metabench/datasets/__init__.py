"""Data sets: a verified archive, or a seed, becomes one uint8 array for each split."""
