use rule meta_train as train_pretrain_finetune with:
    wildcard_constraints:
        algorithm="pretrain_finetune",
