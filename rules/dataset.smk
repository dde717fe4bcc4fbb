# From labelled polygons and finished tracks to training scenes, and to images with COCO annotations (D01-D07).

DATASET = f"{RATES}/dataset"
# What the network could read of every track.
TRACK_LAYERS = {
    **layers_of(
        RATES,
        ["phase_rate_rad_per_yr", "phase_rate_std_rad_per_yr"]
        + ["los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence"],
    ),
    **layers_of(f"{STACK}/averaging", AVERAGES),
    **layers_of(f"{STACK}/amplitude", ["mean_amplitude_db"] if WITH_AMPLITUDE else []),
    **layers_of(
        f"{STACK}/geometry", ["los_east", "los_north", "los_up", "layover_shadow"]
    ),
    **layers_of(f"{RESULTS}/terrain", TERRAIN),
}


# One track and its labels: `whole`, or the part of it that training or validation may know.
rule label_scene:
    input:
        unpack(lambda wildcards: extra_layers(learnt_channels(), "training")),
        unpack(lambda wildcards: extra_layers(image_channels(), "dataset.channels")),
        **TRACK_LAYERS,
        labels=lambda wildcards: label_file(),
        area=labelled_area,
    output:
        scene=f"{DATASET}/{{part}}.npz",
        label=f"{DATASET}/{{part}}.label.tif",
        sidecar=f"{DATASET}/{{part}}.json",
    log:
        f"{LOGS}/label_scene/{{stack}}.{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/label_scene/{{stack}}.{{part}}.tsv"
    wildcard_constraints:
        part="whole|train|validation",
    conda:
        "../envs/dataset.yaml"
    resources:
        mem_mb=memory(1500, 300),
        runtime=minutes(30, 5),
    params:
        **{
            word: getattr(CONFIG.dataset, word)
            for word in ("layer", "class_column", "classes", "confidence_column")
            + ("min_confidence", "block", "validation", "seed")
        },
        grid=GRID,
        region=REGION,
        code=code("label_scene"),
    script:
        "../workflow_scripts/label_scene.py"


# The whole tracks of a labelled region as images, masks and COCO files of the layout of P2's SLD (D06, D07).
rule coco_export:
    input:
        scenes=every(f"{DATASET}/whole.npz"),
    output:
        folder=directory(f"{RESULTS}/dataset/coco"),
        sidecar=f"{RESULTS}/dataset/coco_export.json",
    log:
        f"{LOGS}/coco_export.log",
    benchmark:
        f"{BENCHMARKS}/coco_export.tsv"
    conda:
        "../envs/dataset.yaml"
    resources:
        mem_mb=memory(1000, 200 * len(CONFIG.stacks)),
        runtime=minutes(30, 5),
    params:
        **{
            word: getattr(CONFIG.dataset, word)
            for word in ("channels", "patch", "overlap", "negatives", "split")
            + ("block", "fractions", "annotations", "seed")
        },
        code=code("coco_export"),
    script:
        "../workflow_scripts/coco_export.py"
