# An external program is an ordinary rule: it reads images, support and query, and writes
# predictions and run.json. It is never given the labels of the queries.
rule hausdorff:
    input:
        images="results/data/{dataset}/test/images.npy",
        episodes=lambda w: episodes_of(w.dataset, "test", w.way, w.shot),
        arrays=lambda w: episode_arrays(w.dataset, "test", w.way, w.shot, labels=False),
    output:
        predictions=run_file("hausdorff", "predictions.npy"),
        about=run_file("hausdorff", "run.json"),
    log:
        log_file("hausdorff", "evaluate.log"),
    benchmark:
        log_file("hausdorff", "evaluate.jsonl")
    threads: 1
    params:
        study=STUDY.name,
    shell:
        # The challenge's drawings as published, before they were made smaller, where they are.
        "images=$(dirname {input.images:q})/original.npy;"
        ' [ -f "$images" ] || images={input.images:q};'
        " episodes=$(dirname {input.episodes:q});"
        " export OMP_NUM_THREADS={threads};"
        ' logged {log:q} python -m metabench.algorithms.hausdorff --images "$images"'
        ' --support "$episodes/support.npy" --query "$episodes/query.npy"'
        " --episodes {input.episodes:q} --study {params.study:q}"
        " --out {output.predictions:q}"
