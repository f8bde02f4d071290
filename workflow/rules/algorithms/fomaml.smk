use rule meta_train as train_fomaml with:
    wildcard_constraints:
        algorithm="fomaml",
