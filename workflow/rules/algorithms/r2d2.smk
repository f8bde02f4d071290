use rule meta_train as train_r2d2 with:
    wildcard_constraints:
        algorithm="r2d2",
