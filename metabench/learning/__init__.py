"""Meta-training and meta-testing: from episodes to models and predictions."""
