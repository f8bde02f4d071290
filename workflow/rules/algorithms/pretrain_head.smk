use rule meta_train as train_pretrain_head with:
    wildcard_constraints:
        algorithm="pretrain_head",
