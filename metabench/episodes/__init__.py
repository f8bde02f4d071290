"""Few-shot episodes: drawn from a split of classes, or fixed in files with a digest."""
