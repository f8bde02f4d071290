use rule meta_train as train_meta_sgd with:
    wildcard_constraints:
        algorithm="meta_sgd",
