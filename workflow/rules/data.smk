# From nothing, or from published archives, to images and fixed episodes.


rule fetch:
    output:
        "results/archives/{archive}.json",
    log:
        "logs/fetch/{archive}.log",
    benchmark:
        "logs/fetch/{archive}.jsonl"
    wildcard_constraints:
        archive=any_of(map(re.escape, ARCHIVES)),
    localrule: True  # nodes of a cluster often have no internet
    params:
        archive=lambda w: canonical(asdict(ARCHIVES[w.archive])),
    shell:
        "python -m metabench fetch --archive {params.archive:q} --out {output:q}"
        " 2>&1 | tee {log:q}"


rule prepare:
    input:
        archives_of,
    output:
        expand(
            "results/data/{{dataset}}/{split}/{file}",
            split=["train", "val", "test"],
            file=SPLIT_FILES,
        ),
    log:
        "logs/prepare/{dataset}.log",
    benchmark:
        "logs/prepare/{dataset}.jsonl"
    wildcard_constraints:
        dataset=of_task("classification"),
    threads: 1
    resources:
        **cpu_job(runtime=60, mem_mb=4000),  # a pickle of 0.8 GB is read whole
    params:
        code=image_code,
        data=data_spec,
    shell:
        "export OMP_NUM_THREADS={threads};"
        " logged {log:q} python -m metabench prepare --data {params.data:q} --sources {input:q}"
        " --out results/data/{wildcards.dataset}"


rule image_episodes:
    input:
        lambda w: split_files(w.dataset, w.split),
    output:
        about=f"{EPISODES}/episodes.json",
        arrays=[f"{EPISODES}/{name}" for name in (*IMAGE_ARRAYS, LABELS)],
    log:
        "logs/episodes/{dataset}/{split}-{way}w{shot}s.log",
    benchmark:
        "logs/episodes/{dataset}/{split}-{way}w{shot}s.jsonl"
    wildcard_constraints:
        dataset=of_task("classification"),
    localrule: True  # seconds, and a cluster's queue would take longer
    threads: 1
    params:
        code=function_code,
        data=data_spec,
        images=lambda w: image_options(w.dataset, images=w.split),
        episodes=asked("{split}"),
        queries=lambda w: STUDY.datasets[w.dataset].queries(w.split, int(w.shot)),
        seed=asked("seed"),
    shell:
        "export OMP_NUM_THREADS={threads};"
        " logged {log:q} python -m metabench episodes --data {params.data:q}"
        " --split {wildcards.split} --way {wildcards.way} --shot {wildcards.shot}"
        " --count {params.episodes} --queries {params.queries} --seed {params.seed}"
        " {params.images:q} --out $(dirname {output.about:q})"


# Functions are sampled without images, and have other files.
use rule image_episodes as function_episodes with:
    output:
        about=f"{EPISODES}/episodes.json",
        arrays=[
            f"{EPISODES}/{name}" for name in (*FUNCTION_ARRAYS, LABELS, "tasks.npy")
        ],
    wildcard_constraints:
        dataset=of_task("regression"),
    localrule: True  # which is not handed on
