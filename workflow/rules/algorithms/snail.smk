use rule meta_train as train_snail with:
    wildcard_constraints:
        algorithm="snail",
