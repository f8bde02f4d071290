use rule meta_train as train_imaml with:
    wildcard_constraints:
        algorithm="imaml",
