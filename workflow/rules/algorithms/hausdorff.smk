# An external program is an ordinary rule: it reads images, support and query, and writes
# predictions and run.json. It is never given the labels of the queries.
rule hausdorff:
    input:
        images="results/data/{dataset}/test/images.npy",
        episodes=lambda w: episode_files(w.dataset, "test", w.way, w.shot, labels=False),
    output:
        predictions=RUN.replace("{algorithm}", "hausdorff") + "/predictions.npy",
        about=RUN.replace("{algorithm}", "hausdorff") + "/run.json",
    log:
        LOG.replace("{algorithm}", "hausdorff") + "/evaluate.log",
    benchmark:
        LOG.replace("{algorithm}", "hausdorff") + "/evaluate.jsonl"
    threads: 1
    shell:
        # The challenge's drawings as published, before they were made smaller, where they are.
        "images=$(dirname {input.images:q})/original.npy;"
        ' [ -f "$images" ] || images={input.images:q};'
        " episodes=$(dirname {input.episodes[0]:q});"
        " export OMP_NUM_THREADS={threads};"
        ' python -m metabench.baselines.hausdorff --images "$images"'
        ' --support "$episodes/support.npy" --query "$episodes/query.npy"'
        ' --episodes "$episodes/episodes.json" --study ' + STUDY.name + ""
        " --out {output.predictions:q}" + LOGGED
