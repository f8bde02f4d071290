use rule meta_train as train_matching_fce with:
    wildcard_constraints:
        algorithm="matching_fce",
