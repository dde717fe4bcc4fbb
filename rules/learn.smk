# Learning: labelled tracks to training scenes and COCO images, `sarslide train`. No part of `all`.


# One track and its labels: `whole`, or the part of it that training, validation or the test may know.
rule label_scene:
    input:
        unpack(extra_layers),
        **NETWORK.track_layers(),
        labels=lambda wildcards: own(or_exit(lambda: LEARNT.label_file)),
        area=labelled_area,
    output:
        scene=f"{DATASET}/{{part}}.npz",
        label=f"{DATASET}/{{part}}.label.tif",
        sidecar=f"{DATASET}/{{part}}.json",
    log:
        f"{LOGS}/label_scene/{{stack}}/{{frame}}/{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/label_scene/{{stack}}/{{frame}}/{{part}}.tsv"
    wildcard_constraints:
        part="whole|train|validation|test",
    conda:
        "../envs/torch.yaml"
    resources:
        # Measured with 18 layers: 0.3 GB and 155 bytes a cell.
        mem_mb=memory(1500, 180, network_grid),
        runtime=minutes(30, 5),
    params:
        **GRAPH.leaves(
            "dataset",
            *(
                "layer",
                "class_column",
                "classes",
                "confidence_column",
                "min_confidence",
            ),
            *("split", "block", "patch", "overlap", "fractions", "seed"),
        ),
        grid=network_grid,
        exclude=or_exit(LEARNT.test_areas),
        region=CONFIG.region,
        code=code("label_scene"),
    script:
        "../workflow_scripts/label_scene.py"


# The whole tracks of a labelled region as images, masks and COCO files of the layout of P2's SLD
# (D06, D07).
rule coco_export:
    input:
        scenes=GRAPH.every(f"{DATASET}/whole.npz"),
    output:
        folder=directory(f"{RESULTS}/dataset/coco"),
        sidecar=f"{RESULTS}/dataset/coco_export.json",
    log:
        f"{LOGS}/coco_export.log",
    benchmark:
        f"{BENCHMARKS}/coco_export.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(1000, 200 * len(CONFIG.stacks)),
        runtime=minutes(30, 5),
    params:
        **GRAPH.leaves(
            "dataset",
            *("channels", "patch", "overlap", "negatives", "split"),
            *("block", "fractions", "annotations", "seed"),
        ),
        code=code("coco_export"),
    script:
        "../workflow_scripts/coco_export.py"


# All networks of the region that no package holds.
rule train:
    input:
        [own(path) for path in LEARNT.trained],
    localrule: True


# A network, from product-level simulated regions, split by region, or from labels of one's own
# region, split by blocks. Each has a folder of its own: name, channels, width and start.
rule train_network:
    input:
        train=lambda wildcards: training_scenes("train"),
        validation=lambda wildcards: training_scenes("validation"),
        test=GRAPH.every(f"{DATASET}/test.npz") if LEARNT.tests else [],
        start=start_of_training,
        coco=coco_of_training,
    output:
        **({"test_scores": learnt("test_scores.json")} if LEARNT.tests else {}),
        weights=learnt("{network}.safetensors"),
        history=learnt("history.csv"),
        curves=report(
            learnt("curves.png"),
            caption="captions/training.rst",
            category="Training",
        ),
        reliability=report(
            learnt("reliability.png"),
            caption="captions/training.rst",
            category="Training",
        ),
        scores=learnt("scores.json"),
    log:
        f"{LOGS}/train_network/{{network}}.{{variant}}.log",
    benchmark:
        f"{BENCHMARKS}/train_network/{{network}}.{{variant}}.tsv"
    wildcard_constraints:
        network="|".join(re.escape(name) for name in LEARNT.networks),
        variant="[^/]+",
    conda:
        "../envs/torch.yaml"
    threads: workflow.cores
    resources:
        mem_mb=memory(8000),
        gpu=int(CONFIG.segmentation.device != "cpu"),
        runtime=720,
    params:
        **GRAPH.leaves("training", "preset", "channels", "width"),
        network=lambda wildcards: wildcards.network,
        recipe=CONFIG.training.changes(),
        start=LEARNT.pretrained,
        label=LEARNT.learnt_from(),
        test_areas=lambda wildcards: LEARNT.never_learnt(),
        licence="that of the labels" if OWN_LABELS else "BSD-3-Clause",
        device=CONFIG.segmentation.device,
        code=code("train_network"),
    script:
        "../workflow_scripts/train_network.py"


rule simulate_training:
    output:
        ascending=f"{TRAINING}/regions/{{seed}}.A.npz",
        descending=f"{TRAINING}/regions/{{seed}}.D.npz",
    log:
        "logs/training/simulate_training/{seed}.log",
    benchmark:
        f"{TRAINING}/benchmarks/simulate_training/{{seed}}.tsv"
    wildcard_constraints:
        seed=r"\d+",
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(3000),
        runtime=minutes(30),
    params:
        seed=lambda wildcards: int(wildcards.seed),
        code=code("simulate_training"),
    script:
        "../workflow_scripts/simulate_training.py"


# The same of a paper's region: its ground and climate, seen through the chain of its preset.
rule simulate_climate:
    output:
        scene=f"{CLIMATE_SCENES}/{{seed}}.{{stack}}.npz",
    log:
        f"{LOGS}/simulate_climate/{{seed}}.{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/simulate_climate/{{seed}}.{{stack}}.tsv"
    wildcard_constraints:
        seed=r"\d+",
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        climate=CONFIG.training.climate,
        seed=lambda wildcards: int(wildcards.seed),
        chain=simulated_chain(CONFIG),
        code=code("simulate_climate"),
    script:
        "../workflow_scripts/simulate_climate.py"
