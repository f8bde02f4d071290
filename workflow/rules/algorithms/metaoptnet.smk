use rule meta_train as train_metaoptnet with:
    wildcard_constraints:
        algorithm="metaoptnet",
