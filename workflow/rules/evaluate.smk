# Meta-testing. The labels of the test queries are no input here: only `collect` reads them.


def model_folder(wildcards) -> str:
    """Where the model lies that a run is evaluated on: mostly its own folder."""
    run = run_spec(wildcards)
    return folder_of(run, STUDY.trained_by(run))


rule evaluate:
    input:
        images=lambda w: split_files(w.dataset, "test"),
        episodes=lambda w: episode_files(w.dataset, "test", w.way, w.shot, labels=False),
        model=lambda w: model_folder(w) + "/model.safetensors",
        about=lambda w: model_folder(w) + "/train.json",
    output:
        predictions=RUN + "/predictions.npy",
        about=RUN + "/run.json",
    log:
        LOG + "/evaluate.log",
    benchmark:
        LOG + "/evaluate.jsonl"
    wildcard_constraints:
        # External programs have rules of their own.
        algorithm=any_of(
            name for name, a in STUDY.algorithms.items() if a.algorithm_class
        ),
    threads: 1
    resources:
        **gpu_job(runtime=120),
    params:
        spec=lambda w: run_spec(w).to_json(),
        images=lambda w: image_options(w.dataset, images="test"),
    shell:
        "export OMP_NUM_THREADS={threads};"
        " python -m metabench evaluate --spec {params.spec:q} {params.images:q}"
        " --episodes $(dirname {input.episodes[0]:q}) --model $(dirname {input.model:q})"
        " --out $(dirname {output.predictions:q})" + LOGGED
