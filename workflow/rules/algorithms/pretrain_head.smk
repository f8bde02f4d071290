use rule meta_train as train_pretrain_head with:
    wildcard_constraints:
        algorithm="pretrain_head",
    resources:  # up to 9,600 drawings in one batch, as many as MAML has in its gradients
        **gpu_job(runtime=lambda w: training_minutes(model_spec(w)), mem_mb=8000),
