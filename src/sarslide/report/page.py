"""The report: one HTML file, which opens without a network. It has everything inside and loads
nothing, but for what is too heavy for it, which lies beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from sarslide.insar.engines import ENGINES
from sarslide.inventory import followed
from sarslide.inventory import records as release_records
from sarslide.inventory.changes import LANDSLIDES, LAYERS, MASKED, PLAIN
from sarslide.inventory.masks import REASONS
from sarslide.io import vector
from sarslide.io.sidecar import read_json, versions
from sarslide.rates.methods import METHODS
from sarslide.report import (
    beside,
    comparison,
    date_images,
    downloads,
    earlier_releases,
    factor_page,
    frame_tables,
    network_maps,
    object_series,
    paper_figures,
    paper_page,
    sheets,
    stages,
    tables,
    timeline,
    webmap,
)
from sarslide.report.figures import overview_figure, png
from sarslide.report.flow_figure import flow_figure
from sarslide.report.inputs import ReportInputs, StackInputs
from sarslide.report.inventory_map import web_map
from sarslide.report.look_up import placed
from sarslide.report.network_plot import NetworkPair, baselines
from sarslide.report.reading import (
    MAX_SIDE,
    model_card,
    read_display,
    read_pairs,
    read_stack,
    records,
    reference,
    speed_maps,
)
from sarslide.report.scales import scale_for

if TYPE_CHECKING:
    from jinja2 import Template

FOLDER = Path(__file__).parent
# Of the page, in their order: each uses those before it.
SCRIPTS = (
    "elements",
    "sorting",
    "panels",
    "values",
    "series",
    "images",
    "tiles",
    "basemap",
    "popups",
    "outlines",
    "timeline",
    "position",
    "map",
)
REASON_TEXTS = REASONS | {
    "not_observable": "could not be seen at this release",
    "rejected": "rejected by the reviewer",
}


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes
    ----------
    html : str
        The page; the same inputs give the same text.
    files : dict of str to bytes
        What lies in the folder `beside.FOLDER` beside it, by name: the landslides to download,
        their sheets, series, earlier releases, and what a large region has no room for.
    """

    html: str
    files: dict[str, bytes]


def render(inputs: ReportInputs) -> Page:
    """The whole report. Parts whose inputs are absent are left out.

    Parameters
    ----------
    inputs : ReportInputs
        What the report is made of.

    Returns
    -------
    Page
        HTML of at most `beside.PAGE_BYTES`, and the pictures for which it has no room.

    Raises
    ------
    SarslideError
        The coded error of a file that is there and cannot be read.
    """
    template, content = template_of("report.html"), context(inputs)
    without_pictures = template.render(**beside.part(content, 0)[0])
    parted, files = beside.part(content, beside.PAGE_BYTES - len(without_pictures.encode()))
    return Page(template.render(**parted), files | content["downloads"])


def template_of(name: str) -> "Template":
    """A template of the report, with its filters.

    Parameters
    ----------
    name : str
        Of its file.

    Returns
    -------
    Template
        That of Jinja.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"iso": stages.iso, "fixed": tables.number, "words": tables.words}
    environment.filters |= {"area": tables.area, "all": tables.all_of}
    return environment.get_template(name)


def context(inputs: ReportInputs) -> dict[str, Any]:
    """Everything the template reads.

    Parameters
    ----------
    inputs : ReportInputs
        What the report is made of.

    Returns
    -------
    dict of str to Any
        Values by the names of the template.
    """
    folder = release_records.folder_of(inputs.current)
    release = release_records.manifest(folder)
    manifest = release.model_dump()
    layers = {name: vector.read(folder / release_records.PACKAGE, name) for name in LAYERS}
    series, motion = object_series.read(folder, inputs.series), motion_of(inputs)
    scores = read_json(inputs.scores) if inputs.scores else None
    pairs = {stack.stack: read_pairs(stack.pairs) for stack in inputs.stacks}
    terrain = {layer: read_display(path, layer) for layer, path in inputs.terrain.items()}
    stacks = [read_stack(stack) for stack in inputs.stacks]
    speeds = {layer: read_display(path, layer) for layer, path in speed_maps(inputs.current).items()}
    min_slope_deg = inputs.settings.get("inventory", {}).get("min_slope_deg", 0.0)
    candidates = vector.read(inputs.candidates, "candidates") if inputs.candidates else None
    planted = vector.read(inputs.planted) if inputs.planted and scores else None
    external = comparison.read(inputs.external) if inputs.external else None
    rates = [maps.layers["los_rate_mm_per_yr"] for maps in stacks if "los_rate_mm_per_yr" in maps.layers]
    rate_scale = scale_for("los_rate_mm_per_yr", rates)
    bounds = inputs.grid.bounds
    shade = terrain.get("hillshade")
    head = summary(inputs, layers, pairs, release.dates)
    frames = frame_tables.frame_rows(inputs.frames, layers, manifest.get("without_frames", ()))
    others = [frame_tables.outlines(inputs.frames, frames)] if len(frames) > 1 else []
    others += comparison.map_layers(external) if external else []
    published = read_json(inputs.published)["tables"] if inputs.published else []
    ground = terrain | {layer: read_display(path, layer) for layer, path in inputs.ground.items()}
    drawn = paper_figures.of_paper(
        inputs.paper, paper_figures.Material(inputs, stacks, ground, layers[LANDSLIDES], published)
    )
    flow = flow_stage(inputs.flow)
    factors = factor_page.content(inputs.factors)
    elsewhere = {"flow": ("flow", flow), "factors": ("factors", factors), "networks": ("figures", inputs.network_maps)}
    anchors = {key: f"paper-{key}" for key in drawn}
    anchors |= {key: section for key, (section, made) in elsewhere.items() if made}
    drawn_map = web_map(inputs.grid, stacks, terrain, layers, planted, rate_scale, others, motion)
    about = {
        "region": inputs.region,
        "release": release.release,
        "simulated": inputs.simulated,
        "css": (FOLDER / "assets" / "sheet.css").read_text(),
        "links": [("report", "../report.html")],
    }
    ground_of_sheets = sheets.Ground(inputs.grid, stacks, terrain, rate_scale)
    of_objects = sheets.contents(layers[LANDSLIDES], ground_of_sheets, series, motion, inputs.settings)
    sheet = template_of("sheet.html")
    made = {ls_id: sheets.page(one, drawn_map["colours"], about, sheet) for ls_id, one in of_objects.items()}
    earlier = earlier_releases.read(inputs.current, inputs.grid)
    days = [date for dates in release.dates.values() for date in dates]
    at_dates = date_images.images(
        [
            found
            for maps in stacks
            if maps.stack in inputs.timeseries
            and (found := date_images.read(inputs.timeseries[maps.stack], maps, inputs.grid))
        ]
    )
    speed = tables.throughput(inputs.benchmarks, inputs.settings, head["region_km2"])
    return {
        "inputs": inputs,
        "engine": ENGINES[inputs.engine],
        "method": METHODS[inputs.method],
        "release": release,
        "summary": head,
        "paper": paper_page.content(
            inputs.paper,
            inputs.assumptions,
            inputs.assumed,
            region_answers(head, pairs, stacks, records(layers[LANDSLIDES]), speed.text if speed else "")
            | (comparison.answers(external) if external else {}),
            published,
            anchors,
        ),
        "paper_figures": drawn,
        "flow": flow,
        "factors": factors,
        "throughput": speed,
        "landslides": _objects(layers[LANDSLIDES]),
        "deformation": _objects(layers[PLAIN]),
        "changes": tables.build(tables.CHANGES, tables.change_rows(folder)),
        "masked": tables.build(tables.MASKED, tables.masked_rows(records(layers[MASKED]), REASON_TEXTS)),
        "scenes": tables.build(tables.SCENES, scene_rows(pairs, inputs.stacks, release.scenes)),
        "products": displacement_products(inputs),
        "run_times": run_times(inputs.benchmarks),
        "scores": tables.score_table(scores) if scores else None,
        **(score_details(scores) if scores else {}),
        "comparison": comparison.content(external) if external else None,
        "networks": [stages.network_stage(stack, found) for stack, found in pairs.items() if found],
        "figures": [
            figure
            for figure in (
                stages.terrain_figure(terrain, bounds),
                *(stages.pair_figure(maps, bounds) for maps in stacks),
                *(stages.rate_figure(maps, rate_scale, bounds, shade, inputs.method) for maps in stacks),
                *(stages.quality_figure(maps, bounds) for maps in stacks),
                stages.speed_figure(speeds, terrain.get("slope_deg"), min_slope_deg, bounds),
                stages.fusion_figure(stacks, candidates, layers[MASKED], shade, bounds),
                *network_maps.stages_of([maps.stack for maps in stacks], inputs.network_maps),
            )
            if figure is not None
        ],
        "overview": overview(stacks, shade, layers[LANDSLIDES], bounds),
        "map": drawn_map
        | {
            "series": series,
            "earlier": earlier,
            "tiles": asdict(inputs.base_map),
            "dates": at_dates,
            "timeline": timeline.of_tracks(
                at_dates.get("pngs", {}), [one["last"] for one in earlier], max(days, default="")
            ),
            "sheets": {ls_id: f"{beside.FOLDER}/{sheets.name_of(ls_id)}" for ls_id in made},
        },
        "downloads": downloads.files(layers[LANDSLIDES])
        | {sheets.name_of(ls_id): page for ls_id, page in made.items()},
        "links": downloads.links(release.release),
        "frames": frame_tables.content(inputs.frames, frames, inputs.stacks),
        "step": max(1, -(-max(inputs.grid.shape) // MAX_SIDE)),
        "references": [
            reference(stack.stack, path)
            for stack in inputs.stacks
            for path in stack.references.values()
            if len(inputs.frames) < 2
        ],
        "card": model_card(inputs.weights),
        "parameters": tables.leaves(inputs.settings),
        "settings": inputs.settings,
        "manifest": plain_items(manifest),
        "versions": sorted((manifest.get("versions") or versions()).items()),
        "assets": assets(),
    }


def _objects(layer: gpd.GeoDataFrame) -> tables.ReportTable:
    """The table of a layer of the release."""
    columns = (*tables.LANDSLIDES, *tables.ground_columns(layer.columns))
    return tables.build(columns, tables.landslide_rows(placed(layer)))


def motion_of(inputs: ReportInputs) -> dict[str, dict[str, Any]]:
    """Mean rates of the objects in each track, with their errors.

    Parameters
    ----------
    inputs : ReportInputs
        What the report is made of.

    Returns
    -------
    dict of str to dict
        By track and `candidate_id`; empty of a region of several frames, whose rates are levelled
        after they were measured.
    """
    if len(inputs.frames) > 1:
        return {}
    tracks = followed.joined(read_json(path) for path in inputs.motion)
    return {track: measured["rates"] for track, measured in tracks.items()}


def score_details(scores: Mapping[str, Any]) -> dict[str, tables.ReportTable]:
    """The objects and pixels behind the scores, one by one.

    Parameters
    ----------
    scores : mapping of str to Any
        scores.json of a simulated region.

    Returns
    -------
    dict of str to ReportTable
        decoys, planted, pixels.
    """
    pixels = [{"stack": stack, **row} for stack, row in sorted((scores.get("pixels") or {}).items())]
    planted = (scores.get("objects") or {}).get("planted") or []
    return {
        "decoys": tables.build(tables.DECOYS, tables.decoy_rows(scores.get("decoys") or [])),
        "planted": tables.build(tables.PLANTED, tables.planted_rows(planted)),
        "pixels": tables.build(tables.PIXELS, pixels, key="stack"),
    }


def displacement_products(inputs: ReportInputs) -> list[dict[str, Any]]:
    """What the displacement products of a region state, and what they do not hold.

    Parameters
    ----------
    inputs : ReportInputs
        What the report is made of.

    Returns
    -------
    list of dict of str to Any
        One a stack, as of `displacement.delivered.about` with its `stack`; from its first frame
        with rates.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in inputs.products:
        stack = next(stack.stack for stack in inputs.stacks if stack.stack in path.parts)
        about = read_json(path).get("product")
        if about and stack not in found:
            found[stack] = {"stack": stack, **about}
    return list(found.values())


def summary(
    inputs: ReportInputs,
    layers: Mapping[str, gpd.GeoDataFrame],
    pairs: Mapping[str, list[NetworkPair]],
    of_products: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Numbers at the head of the page.

    Parameters
    ----------
    inputs : ReportInputs
        What the report is made of.
    layers : mapping of str to GeoDataFrame
        Layers of the release by name.
    pairs : mapping of str to list of NetworkPair
        Pairs of each stack.
    of_products : mapping of str to sequence of str
        Dates of each stack, where it has displacement products in place of pairs.

    Returns
    -------
    dict of str to Any
        Counts, areas (km2), tracks, first and last date.
    """
    dates = sorted({date for found in pairs.values() for pair in found for date in (pair.earlier, pair.later)})
    if inputs.products:
        dates = sorted({date for days in of_products.values() for date in days})
    west, south, east, north = inputs.grid.bounds
    landslides = layers[LANDSLIDES]
    return {
        "landslides": len(landslides),
        "landslide_km2": float(landslides["area_km2"].sum()),
        "not_observable": int((landslides["status"] == "not_observable").sum()),
        "deformation": len(layers[PLAIN]),
        "deformation_km2": float(layers[PLAIN]["area_km2"].sum()),
        "masked": len(layers[MASKED]),
        "region_km2": (east - west) * (north - south) / 1e6,
        "tracks": [stack.stack for stack in inputs.stacks],
        "first": dates[0] if dates else "",
        "last": dates[-1] if dates else "",
        "acquisitions": sum(len({d for p in found for d in (p.earlier, p.later)}) for found in pairs.values()),
        "pairs": sum(len(found) for found in pairs.values()),
    }


def region_answers(
    head: Mapping[str, Any],
    pairs: Mapping[str, list[NetworkPair]],
    stacks: Sequence[stages.StackMaps],
    landslides: Sequence[Mapping[str, Any]],
    speed: str = "",
) -> dict[str, str]:
    """Answers of the region to the statements of a paper.

    Parameters
    ----------
    head : mapping of str to Any
        Of `summary`.
    pairs : mapping of str to list of NetworkPair
        Pairs of each stack.
    stacks : sequence of StackMaps
        Rasters of each track.
    landslides : sequence of mapping of str to Any
        Rows of the release.
    speed : str, optional
        How fast the network was.

    Returns
    -------
    dict of str to str
        By the keys of `paper_page.measured`.
    """

    def mean(maps: stages.StackMaps, layer: str) -> float | None:
        values = maps.layers.get(layer)
        return None if values is None or not np.isfinite(values).any() else float(np.nanmean(values))

    geometry, rates = {}, {}
    for maps in stacks:
        angles = {"incidence": mean(maps, "incidence_deg"), "heading": mean(maps, "heading_deg")}
        geometry[maps.stack] = {key: value for key, value in angles.items() if value is not None}
        rate = maps.layers.get("los_rate_mm_per_yr")
        if rate is not None and np.isfinite(rate).any():
            rates[maps.stack] = float(np.nanmin(rate)), float(np.nanmax(rate))
    dates = {stack: len({d for p in found for d in (p.earlier, p.later)}) for stack, found in pairs.items()}
    return paper_page.measured(head, dates, landslides, geometry, rates, speed)


def flow_stage(path: Path | None) -> stages.StageFigure | None:
    """The processing flow of the run (P0 Fig. 2).

    Parameters
    ----------
    path : Path or None
        Written by `workflow.rule_graph`.

    Returns
    -------
    StageFigure or None
        None where there is none.
    """
    if path is None or not path.is_file():
        return None
    caption = (
        "The rules of this region as they were planned, from the sources at the top: a line leads from a rule to one that reads "
        "what it makes; lines that a longer way shows already are left out."
    )
    return stages.StageFigure(
        "Processing flow",
        caption,
        webmap.data_uri(png(flow_figure(read_json(path)))),
        "Rules as boxes, joined by lines",
    )


def scene_rows(
    pairs: Mapping[str, list[NetworkPair]], stacks: Sequence[StackInputs], scenes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One row per date and track.

    Parameters
    ----------
    pairs : mapping of str to list of NetworkPair
        Pairs of each stack.
    stacks : sequence of StackInputs
        The stacks in their order.
    scenes : sequence of mapping of str to Any
        Rows of the scene table, for the names of the products.

    Returns
    -------
    list of dict
        The columns `tables.SCENES`.
    """
    products = {(row.get("stack"), str(row.get("date"))): row.get("granule") for row in scenes}
    rows = []
    for stack in stacks:
        found = pairs[stack.stack]
        place = baselines(found)
        for date in sorted(place):
            own = [pair for pair in found if date in (pair.earlier, pair.later)]
            coherences = [pair.coherence for pair in own if pair.coherence is not None]
            times = [pair.earlier_utc if pair.earlier == date else pair.later_utc for pair in own]
            rows.append(
                {
                    "stack": stack.stack,
                    "date": stages.iso(date),
                    "time": next((str(time).split("T")[-1][:8] for time in times if time and "T" in str(time)), ""),
                    "bperp_m": place[date],
                    "pairs": len(own),
                    "coherence": float(np.mean(coherences)) if coherences else None,
                    "product": products.get((stack.stack, date)) or "",
                }
            )
    return rows


def run_times(folder: Path | None) -> dict[str, Any] | None:
    """Table and totals of Snakemake's benchmark files.

    Parameters
    ----------
    folder : Path or None
        Folder of the files.

    Returns
    -------
    dict of str to Any or None
        table, jobs, cpu_s, memory_mb; None without any file.
    """
    rows = tables.run_time_rows(folder) if folder and folder.is_dir() else []
    if not rows:
        return None
    return {
        "table": tables.build(tables.RUN_TIMES, rows, key="rule"),
        "jobs": sum(row["jobs"] for row in rows),
        "cpu_s": sum(row["cpu_s"] for row in rows),
        "memory_mb": max(row["memory_mb"] for row in rows),
    }


def overview(stacks: Sequence[stages.StackMaps], shade, landslides: gpd.GeoDataFrame, bounds) -> str:
    """The picture that stands for the map on paper: LOS rate of the first track, or its averaged
    phase.

    Parameters
    ----------
    stacks : sequence of StackMaps
        Rasters of each track.
    shade : (rows, cols) array or None
        Hillshade, 1-255.
    landslides : GeoDataFrame
        Outlines.
    bounds : tuple of float
        West, south, east, north, m.

    Returns
    -------
    str
        A data address; empty without hillshade, rate or phase.
    """
    titles = {"los_rate_mm_per_yr": "LOS rate", "avg_phase_rad": "Averaged phase"}
    for layer, title in titles.items():
        for maps in stacks:
            if shade is not None and layer in maps.layers:
                text = f"{title} {maps.stack} and landslides"
                return webmap.data_uri(png(overview_figure(shade, maps.layers[layer], landslides, bounds, text, layer)))
    return ""


def plain_items(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Single values of a manifest, for the provenance table; those of the weights are named after
    them.

    Parameters
    ----------
    manifest : mapping of str to Any
        Of the release.

    Returns
    -------
    list of (str, str)
        Key and value, by key.
    """
    flat = dict(manifest) | {f"weights {key}": value for key, value in (manifest.get("weights") or {}).items()}
    return [(key, str(value)) for key, value in sorted(flat.items()) if isinstance(value, str | int) and value != ""]


def assets() -> dict[str, str]:
    """Style sheets and scripts, ready to stand inside the page."""
    folder = FOLDER / "assets"
    leaflet = (folder / "leaflet" / "leaflet.js").read_text()
    # The script's map file is not beside the report: without this line no browser looks for it.
    leaflet = leaflet.replace("//# sourceMappingURL=leaflet.js.map", "")
    return {
        "leaflet_css": without_images((folder / "leaflet" / "leaflet.css").read_text()),
        "leaflet_js": leaflet,
        "leaflet_licence": (folder / "leaflet" / "LICENSE").read_text(),
        "css": (folder / "report.css").read_text(),
        "js": "".join((folder / "page" / f"{name}.js").read_text() for name in SCRIPTS),
    }


def without_images(css: str) -> str:
    """A style sheet with an empty picture in place of each file that it would load.

    The report draws its own controls.

    Parameters
    ----------
    css : str
        Style sheet.

    Returns
    -------
    str
        The style sheet.
    """
    import re

    empty = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    return re.sub(r"url\((?!#)[^)]*\)", f"url({empty})", css)
