use rule meta_train as train_reptile with:
    wildcard_constraints:
        algorithm="reptile",
