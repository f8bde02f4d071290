use rule meta_train as train_learned_optimizer with:
    wildcard_constraints:
        algorithm="learned_optimizer",
