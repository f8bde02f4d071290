# Meta-training. No file of the test split is an input of anything here, nor named in a command.


def training_files(wildcards) -> dict[str, list[str]]:
    """Training and validation images, and the validation episodes with their labels."""
    w = wildcards
    return {
        "images": split_files(w.dataset, "train", "val"),
        "episodes": episode_files(w.dataset, "val", w.way, w.shot, labels=True),
    }


# The pattern of the rules in workflow/rules/algorithms. It never runs itself: "(?!)" matches no
# name, and each of those rules puts its own name there.
rule meta_train:
    input:
        unpack(training_files),
    output:
        model=RUN + "/model.safetensors",
        history=RUN + "/history.csv",
        about=RUN + "/train.json",
    log:
        LOG + "/train.log",
    benchmark:
        LOG + "/train.jsonl"
    wildcard_constraints:
        algorithm="(?!)",
    priority: 10  # the longest jobs first: evaluation fills the gaps
    threads: 1
    resources:
        **gpu_job(runtime=1440),
    params:
        spec=lambda w: model_spec(w).to_json(),
        images=lambda w: image_options(w.dataset, images="train", val_images="val"),
    shell:
        "export OMP_NUM_THREADS={threads};"
        " python -m metabench train --spec {params.spec:q} {params.images:q}"
        " --val-episodes $(dirname {input.episodes[0]:q})"
        " --out $(dirname {output.model:q})" + LOGGED
