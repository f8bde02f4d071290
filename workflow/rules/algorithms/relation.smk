use rule meta_train as train_relation with:
    wildcard_constraints:
        algorithm="relation",
