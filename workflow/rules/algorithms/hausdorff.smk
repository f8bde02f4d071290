# An external program is an ordinary rule: it reads images, support and query, and writes
# predictions. It is never given the labels of the queries, nor positions that say them.

import metabench.algorithms


rule hausdorff:
    input:
        unpack(test_files),
        program=f"{metabench.algorithms.__path__[0]}/hausdorff.py",
    output:
        predictions=f"{RUN}/predictions.npy",
        about=f"{RUN}/run.json",
    log:
        f"{LOG}/evaluate.log",
    benchmark:
        f"{LOG}/evaluate.jsonl"
    wildcard_constraints:
        algorithm="hausdorff",
    threads: 1
    params:
        spec=lambda w: run_spec(w).to_json(),
    shell:
        # The challenge's drawings as published, before they were made smaller, where they are: in
        # the same random order.
        "images=$(dirname {input.images:q})/original.npy;"
        ' [ -f "$images" ] || images={input.images:q};'
        " export OMP_NUM_THREADS={threads};"
        f" {EXTERNAL} python -m metabench.algorithms.hausdorff"
        ' --images "$images" --support {input.support:q} --query {input.query:q}'
        " --out {output.predictions:q}"
