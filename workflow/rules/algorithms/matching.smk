use rule meta_train as train_matching with:
    wildcard_constraints:
        algorithm="matching",
