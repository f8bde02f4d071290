use rule meta_train as train_maml with:
    wildcard_constraints:
        algorithm="maml",
