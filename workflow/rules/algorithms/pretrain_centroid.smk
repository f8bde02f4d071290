use rule meta_train as train_pretrain_centroid with:
    wildcard_constraints:
        algorithm="pretrain_centroid",
