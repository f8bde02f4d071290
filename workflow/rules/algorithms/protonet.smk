use rule meta_train as train_protonet with:
    wildcard_constraints:
        algorithm="protonet",
