use rule meta_train as train_anil with:
    wildcard_constraints:
        algorithm="anil",
