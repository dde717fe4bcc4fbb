"""The report: one HTML file with everything inside, which opens without a network and loads nothing."""

import base64
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from sarslide import names
from sarslide.errors import SarslideError
from sarslide.inventory.changes import LANDSLIDES, MASKED, PLAIN, VANISHED
from sarslide.inventory.masks import REASONS
from sarslide.io import raster, vector
from sarslide.provenance import read_json, versions
from sarslide.report import stages, tables, webmap
from sarslide.report.figures import overview_figure, png
from sarslide.report.inputs import ReportInputs, StackInputs
from sarslide.report.network_plot import Pair, baselines
from sarslide.report.scales import Scale, scale_for

log = logging.getLogger(__name__)

ROOM = Path(__file__).parent
MAX_SIDE = 1400
REASON_TEXTS = REASONS | {
    "not_observable": "could not be seen at this release",
    "rejected": "rejected by the reviewer",
}
# Outlines keep clear of the colours of the rates; a faint fill only catches the click.
OUTLINES = {
    LANDSLIDES: ("Landslides", {"color": "#111111", "weight": 2, "fillOpacity": 0.01}, True),
    PLAIN: ("Non-landslide deformation", {"color": "#7b1fa2", "weight": 2, "fillOpacity": 0.01}, True),
    MASKED: ("Masked candidates", {"color": "#8a5a00", "weight": 1.8, "dashArray": "4 4", "fillOpacity": 0.01}, False),
    VANISHED: ("Vanished or merged", {"color": "#5b6a70", "weight": 1.8, "dashArray": "2 5", "fillOpacity": 0.01}, False),
}
PLANTED_STYLE = {"color": "#0b7a3b", "weight": 2, "dashArray": "1 4", "lineCap": "square", "fill": False}
UNSEEN_STYLE = {"dashArray": "7 5"}


def render(inputs: ReportInputs) -> str:
    """The whole report as HTML text; the same inputs give the same text.

    Parts whose inputs are absent are left out. Raises the coded error of a file that is there and cannot be read.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"iso": stages.iso, "fixed": tables.number, "words": tables.words}
    return environment.get_template("report.html").render(**context(inputs))


def context(inputs: ReportInputs) -> dict[str, Any]:
    """Everything the template reads."""
    current = read_json(inputs.current)
    folder = inputs.current.parent / current["path"]
    manifest = read_json(folder / "MANIFEST.json")
    layers = {name: vector.read(folder / "landslides.gpkg", name) for name in OUTLINES}
    scores = read_json(inputs.scores) if inputs.scores else None
    pairs = {stack.stack: read_pairs(stack.pairs) for stack in inputs.stacks}
    terrain = {layer: read_display(path, layer) for layer, path in inputs.terrain.items()}
    stacks = [read_stack(stack) for stack in inputs.stacks]
    candidates = vector.read(inputs.candidates) if inputs.candidates else None
    planted = vector.read(inputs.planted) if inputs.planted and scores else None
    rate_scale = scale_for(
        "los_rate_mm_per_yr", [m.layers["los_rate_mm_per_yr"] for m in stacks if "los_rate_mm_per_yr" in m.layers]
    )
    bounds = inputs.grid.bounds
    shade = terrain.get("hillshade")
    return {
        "inputs": inputs,
        "release": current,
        "summary": summary(inputs, layers, pairs),
        "landslides": tables.build(tables.LANDSLIDES, tables.landslide_rows(records(layers[LANDSLIDES]))),
        "deformation": tables.build(tables.LANDSLIDES, tables.landslide_rows(records(layers[PLAIN]))),
        "changes": tables.build(tables.CHANGES, tables.change_rows(folder / "CHANGES.csv")),
        "masked": tables.build(tables.MASKED, tables.masked_rows(records(layers[MASKED]), REASON_TEXTS)),
        "scenes": tables.build(tables.SCENES, scene_rows(pairs, inputs.stacks, manifest.get("scenes") or [])),
        "run_times": run_times(inputs.benchmarks),
        "scores": tables.score_table(scores) if scores else None,
        **(score_details(scores) if scores else {}),
        "networks": [stages.network_stage(stack, found) for stack, found in pairs.items() if found],
        "figures": [
            figure
            for figure in (
                stages.terrain_figure(terrain, bounds),
                *(stages.pair_figure(maps, bounds) for maps in stacks),
                *(stages.rate_figure(maps, rate_scale, bounds, shade) for maps in stacks),
                stages.fusion_figure(stacks, candidates, shade, bounds),
            )
            if figure is not None
        ],
        "overview": overview(stacks, shade, layers[LANDSLIDES], bounds),
        "map": web_map(inputs, stacks, terrain, layers, planted, rate_scale),
        "references": [reference(stack) for stack in inputs.stacks if stack.reference],
        "card": model_card(inputs.weights),
        "parameters": tables.leaves(inputs.settings),
        "settings": inputs.settings,
        "manifest": plain_items(manifest),
        "versions": sorted((manifest.get("versions") or versions()).items()),
        "assets": assets(),
    }


def score_details(scores: Mapping[str, Any]) -> dict[str, tables.Table]:
    """The objects and pixels behind the scores, one by one."""
    pixels = [{"stack": stack, **row} for stack, row in sorted((scores.get("pixels") or {}).items())]
    planted = (scores.get("objects") or {}).get("planted") or []
    return {
        "decoys": tables.build(tables.DECOYS, tables.decoy_rows(scores.get("decoys") or [])),
        "planted": tables.build(tables.PLANTED, tables.planted_rows(planted)),
        "pixels": tables.build(tables.PIXELS, pixels, key="stack"),
    }


def read_display(path: Path, layer: str, band: int = 1) -> np.ndarray:
    """A raster for the screen, no side over MAX_SIDE; no-data of float layers is NaN."""
    values = raster.read_reduced(path, MAX_SIDE, band)
    return values if layer == "hillshade" else values.astype(np.float32)


def read_stack(stack: StackInputs) -> stages.StackMaps:
    """The rasters of a stack for the screen; the filtered phase is the second band of `wrapped_rad`."""
    found = {layer: read_display(path, layer) for layer, path in stack.rasters.items()}
    if "wrapped_rad" in found:
        found["filtered_rad"] = read_display(stack.rasters["wrapped_rad"], "wrapped_rad", band=2)
    return stages.StackMaps(stack.stack, found, stack.example_pair)


def read_pairs(paths: Sequence[Path]) -> list[Pair]:
    """The pairs of a stack in order of their names, from their sidecars."""
    found = []
    for path in sorted(paths):
        about = read_json(path)
        earlier, later = names.split_pair(about.get("pair", path.stem))
        found.append(
            Pair(
                earlier,
                later,
                about.get("bperp_m"),
                about.get("mean_coherence"),
                about.get("earlier_utc"),
                about.get("later_utc"),
            )
        )
    return found


def records(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain dicts without the outline."""
    return frame.drop(columns="geometry").to_dict("records")


def summary(
    inputs: ReportInputs, layers: Mapping[str, gpd.GeoDataFrame], pairs: Mapping[str, list[Pair]]
) -> dict[str, Any]:
    """What the head of the page says."""
    dates = sorted({date for found in pairs.values() for pair in found for date in (pair.earlier, pair.later)})
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


def scene_rows(
    pairs: Mapping[str, list[Pair]], stacks: Sequence[StackInputs], scenes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One row per date and track. scenes: rows of the scene table, for the names of the products."""
    products = {(row.get("stack"), str(row.get("date"))): row.get("granule") for row in scenes}
    rows = []
    for stack in stacks:
        found = pairs[stack.stack]
        place = baselines(found)
        known = any(pair.bperp_m is not None for pair in found)
        for date in sorted(place):
            own = [pair for pair in found if date in (pair.earlier, pair.later)]
            coherences = [pair.coherence for pair in own if pair.coherence is not None]
            times = [pair.earlier_utc if pair.earlier == date else pair.later_utc for pair in own]
            rows.append(
                {
                    "stack": stack.stack,
                    "date": stages.iso(date),
                    "time": next((str(time).split("T")[-1][:8] for time in times if time and "T" in str(time)), ""),
                    "bperp_m": place[date] if known else None,
                    "pairs": len(own),
                    "coherence": float(np.mean(coherences)) if coherences else None,
                    "product": products.get((stack.stack, date)) or "",
                }
            )
    return rows


def run_times(folder: Path | None) -> dict[str, Any] | None:
    """Table and totals of the benchmark files; None without any."""
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
    """The picture that stands for the map on paper: LOS rate of the first track; empty without hillshade or rate."""
    rates = [(maps.stack, maps.layers["los_rate_mm_per_yr"]) for maps in stacks if "los_rate_mm_per_yr" in maps.layers]
    if shade is None or not rates:
        return ""
    stack, rate = rates[0]
    return webmap.data_uri(png(overview_figure(shade, rate, landslides, bounds, f"LOS rate {stack} and landslides")))


def web_map(
    inputs: ReportInputs,
    stacks: Sequence[stages.StackMaps],
    terrain: Mapping[str, np.ndarray],
    layers: Mapping[str, gpd.GeoDataFrame],
    planted: gpd.GeoDataFrame | None,
    rate_scale: Scale,
) -> dict[str, Any]:
    """Images to choose from, outlines to click."""
    shown = {
        "los_rate_mm_per_yr": ("LOS rate", rate_scale, "Blue moves towards the satellite, red away from it."),
        "probability": ("Probability", scale_for("probability"), ""),
        "avg_phase_rad": ("Averaged phase", scale_for("avg_phase_rad"), "Cyclic colours."),
        "mean_coherence": ("Mean coherence", scale_for("mean_coherence"), ""),
    }
    rasters = [
        webmap.raster_layer(f"{layer}-{maps.stack}", f"{label} {maps.stack}", maps.layers[layer], scale, note)
        for layer, (label, scale, note) in shown.items()
        for maps in stacks
        if layer in maps.layers
    ]
    if "slope_deg" in terrain:
        rasters.append(webmap.raster_layer("slope_deg", "Slope", terrain["slope_deg"], scale_for("slope_deg")))
    vectors = [outline_layer(name, frame) for name, frame in layers.items() if len(frame)]
    if planted is not None:
        vectors.append(webmap.VectorLayer("planted", "Planted truth (simulation)", planted, PLANTED_STYLE, shown=False))
    first = rasters[0]["key"] if rasters else ""
    return webmap.map_data(inputs.grid, terrain.get("hillshade"), rasters, vectors, first)


def outline_layer(name: str, frame: gpd.GeoDataFrame) -> webmap.VectorLayer:
    """One layer of the release with what a click on an object shows."""
    label, style, shown = OUTLINES[name]
    popups = []
    for row in tables.landslide_rows(records(frame)):
        title = f"{row['ls_id']} · {row['object_class']}"
        facts = tables.popup_rows(row, tables.LANDSLIDES) + tables.rates_by_track(row)
        if row.get("reason_text"):
            facts.insert(0, ("Masked because" if name == MASKED else "Note", row["reason_text"]))
        popups.append((title, facts))
    own = [UNSEEN_STYLE if status == "not_observable" else {} for status in frame["status"]]
    return webmap.VectorLayer(name, f"{label} ({len(frame)})", frame, style, popups, list(frame["ls_id"]), own, shown)


def reference(stack: StackInputs) -> dict[str, Any]:
    """The reference area of a stack with its place in degrees."""
    from pyproj import Transformer

    about = read_json(stack.reference)
    lon, lat = Transformer.from_crs(about["epsg"], 4326, always_xy=True).transform(about["x_m"], about["y_m"])
    return {"stack": stack.stack, "lon": lon, "lat": lat, **about}


def model_card(path: Path | None) -> dict[str, Any] | None:
    """The card of the network's weights, without its long parts; None when there are no weights or no card."""
    if path is None:
        return None
    from sarslide.models.weights import read_card

    try:
        card = read_card(path)
    except SarslideError as error:
        log.warning("%s", error)
        return None
    keys = ("label", "network", "channels", "normalisation", "threshold", "licence")
    facts = {key: card[key] for key in keys if card.get(key) not in (None, "")}
    return {key: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in facts.items()}


def plain_items(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The manifest's single values, for the provenance table."""
    return [
        (key, str(value))
        for key, value in sorted(manifest.items())
        if isinstance(value, str | int | float) and value != ""
    ]


def assets() -> dict[str, str]:
    """Style sheets and scripts, ready to stand inside the page."""
    folder = ROOM / "assets"
    leaflet = (folder / "leaflet" / "leaflet.js").read_text()
    # The script's map file is not beside the report: without this line no browser asks for it.
    leaflet = leaflet.replace("//# sourceMappingURL=leaflet.js.map", "")
    return {
        "leaflet_css": without_images((folder / "leaflet" / "leaflet.css").read_text()),
        "leaflet_js": leaflet,
        "leaflet_licence": (folder / "leaflet" / "LICENSE").read_text(),
        "css": (folder / "report.css").read_text(),
        "js": (folder / "report.js").read_text(),
    }


def without_images(css: str) -> str:
    """The style sheet with an empty picture in place of each file that it would load; the report draws its own controls."""
    import re

    empty = (
        "data:image/gif;base64,"
        + base64.b64encode(
            bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")
        ).decode()
    )
    return re.sub(r"url\((?!#)[^)]*\)", f"url({empty})", css)
