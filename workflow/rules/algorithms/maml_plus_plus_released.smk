use rule meta_train as train_maml_plus_plus_released with:
    wildcard_constraints:
        algorithm="maml_plus_plus_released",
