use rule meta_train as train_pretrain_cosine with:
    wildcard_constraints:
        algorithm="pretrain_cosine",
