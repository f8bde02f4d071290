"""Programs that predict without the library's algorithms, through its files alone."""
