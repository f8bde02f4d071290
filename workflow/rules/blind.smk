# What programs are given of the test episodes of images. Images are sorted by class, so positions in
# them would give the queries' labels away: here they are in a random order.


rule blind:
    input:
        unpack(evaluation_files),
    output:
        **{name: f"{BLIND}/{name}.npy" for name in BLIND_ARRAYS},
    log:
        "logs/blind/{dataset}/test-{way}w{shot}s.log",
    benchmark:
        "logs/blind/{dataset}/test-{way}w{shot}s.jsonl"
    wildcard_constraints:
        dataset=of_task("classification"),
    localrule: True  # seconds, and a cluster's queue would take longer
    threads: 1
    shell:
        "export OMP_NUM_THREADS={threads};"
        " logged {log:q} python -m metabench blind --images $(dirname {input.images:q})"
        " --episodes $(dirname {input.episodes:q}) --out $(dirname {output.images:q})"
