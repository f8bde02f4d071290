use rule meta_train as train_meta_lstm with:
    wildcard_constraints:
        algorithm="meta_lstm",
