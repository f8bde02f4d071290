# Meta-training. No file of the test split is an input of anything here, nor named in a command.


# The pattern of the rules in workflow/rules/algorithms. It never runs itself: "(?!)" matches no
# name, and each of those rules puts its own name there.
rule meta_train:
    input:
        unpack(training_files),
    output:
        model=f"{RUN}/model.safetensors",
        history=f"{RUN}/history.csv",
        about=f"{RUN}/train.json",
    log:
        f"{LOG}/train.log",
    benchmark:
        f"{LOG}/train.jsonl"
    wildcard_constraints:
        algorithm="(?!)",
    priority: 10  # the longest jobs first: evaluation fills the gaps
    threads: 1
    resources:
        **gpu_job(runtime=lambda w: training_minutes(model_spec(w))),
    params:
        spec=lambda w: model_spec(w).to_json(),
        images=lambda w: image_options(w.dataset, images="train", val_images="val"),
    shell:
        "export OMP_NUM_THREADS={threads};"
        " logged {log:q} python -m metabench train --spec {params.spec:q} {params.images:q}"
        " --val-episodes $(dirname {input.episodes:q})"
        " --out $(dirname {output.model:q}) --memory-mb {resources.mem_mb}"
