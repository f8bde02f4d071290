use rule meta_train as train_pretrain_cosine with:
    wildcard_constraints:
        algorithm="pretrain_cosine",
    resources:  # up to 9,600 drawings in one batch, as many as MAML has in its gradients
        **gpu_job(runtime=lambda w: training_minutes(model_spec(w)), mem_mb=8000),
