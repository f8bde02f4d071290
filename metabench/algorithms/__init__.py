"""One algorithm a file: a class, its hyperparameters, and the equation that it implements."""
