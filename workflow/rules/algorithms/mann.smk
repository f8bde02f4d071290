use rule meta_train as train_mann with:
    wildcard_constraints:
        algorithm="mann",
