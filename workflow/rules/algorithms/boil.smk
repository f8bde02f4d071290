use rule meta_train as train_boil with:
    wildcard_constraints:
        algorithm="boil",
