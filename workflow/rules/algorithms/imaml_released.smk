use rule meta_train as train_imaml_released with:
    wildcard_constraints:
        algorithm="imaml_released",
