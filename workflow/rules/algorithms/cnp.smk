use rule meta_train as train_cnp with:
    wildcard_constraints:
        algorithm="cnp",
