# Meta-testing. The labels of the test queries are no input here: only `collect` reads them.

# The shell of an external program's rule: this, and then the program and its arguments.
EXTERNAL = (
    "logged {log:q} python -m metabench external --spec {params.spec:q}"
    " --episodes $(dirname {input.episodes:q}) --program {input.program:q}"
    " --out $(dirname {output.predictions:q}) --"
)


rule evaluate:
    input:
        unpack(evaluation_files),
        unpack(tuning_files),
        model=lambda w: f"{model_folder(w)}/model.safetensors",
        about=lambda w: f"{model_folder(w)}/train.json",
    output:
        predictions=f"{RUN}/predictions.npy",
        about=f"{RUN}/run.json",
    log:
        f"{LOG}/evaluate.log",
    benchmark:
        f"{LOG}/evaluate.jsonl"
    wildcard_constraints:
        # External programs have rules of their own.
        algorithm=any_of(
            {own_name(n) for n, a in STUDY.algorithms.items() if a.algorithm_class}
        ),
    threads: 1
    resources:
        **gpu_job(runtime=120),
    params:
        spec=lambda w: run_spec(w).to_json(),
        images=lambda w: image_options(w.dataset, images="test"),
        tuning=tuning_options,
    shell:
        "export OMP_NUM_THREADS={threads};"
        " logged {log:q} python -m metabench evaluate --spec {params.spec:q} {params.images:q}"
        " {params.tuning:q} --episodes $(dirname {input.episodes:q}) --model $(dirname {input.model:q})"
        " --out $(dirname {output.predictions:q})"
