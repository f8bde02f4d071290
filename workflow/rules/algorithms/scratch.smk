use rule meta_train as train_scratch with:
    wildcard_constraints:
        algorithm="scratch",
