"""Landslides in the fields of two registers, for those who hand them in: NASA's COOLR and the
Italian IFFI.

A slow landslide that radar sees is no dated event, and radar tells neither type of movement nor
trigger: what is not known is empty or the register's own word for it, never guessed.

COOLR: fields of its events, as of the export of the Global Landslide Catalog that it holds (Juang
et al. 2019, Table 2, doi:10.1371/journal.pone.0218657; Kirschbaum et al. 2015,
doi:10.1016/j.geomorph.2015.03.016).

IFFI: first level of the Scheda Frane in its own terms, without the codes of its database (Amanti et
al. 2001, Allegato 1, Guida alla compilazione della scheda frane IFFI; states and velocities after
Cruden and Varnes 1996). Regions and autonomous provinces give the id_frana.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sarslide import names
from sarslide.io.spreadsheet import csv_text
from sarslide.publish.source import Publication

COOLR = {
    **dict.fromkeys(("source_name", "source_link", "event_id", "event_date", "event_time", "event_title"), str),
    **dict.fromkeys(("event_description", "location_description", "location_accuracy", "landslide_category"), str),
    **dict.fromkeys(("landslide_trigger", "landslide_size", "landslide_setting", "fatality_count"), str),
    **dict.fromkeys(("injury_count", "storm_name", "photo_link", "notes"), str),
    **dict.fromkeys(("event_import_source", "event_import_id", "longitude", "latitude"), str),
}
IFFI = {
    **dict.fromkeys(("id_frana", "id_compilatore", "denominazione", "longitudine", "latitudine"), str),
    **dict.fromkeys(("area_m2", "esposizione_gradi", "pendenza_media_gradi"), float),
    **dict.fromkeys(("tipo_movimento", "stato_attivita", "velocita", "metodo", "data_osservazione", "note"), str),
}
# Below mm/yr down the slope (Cruden and Varnes 1996), in the words of the Scheda Frane.
VELOCITIES = ((16.0, "estremamente lento"), (1600.0, "molto lento"), (156_000.0, "lento"))


def coolr(publication: Publication, folder: Path) -> None:
    """`coolr.csv`: a row a landslide, in COOLR's fields.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where it is written.
    """
    _write(folder / "coolr.csv", publication, COOLR, coolr_row)


def iffi(publication: Publication, folder: Path) -> None:
    """`iffi.csv`: a row a landslide, in fields of IFFI's Scheda Frane.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where it is written.
    """
    _write(folder / "iffi.csv", publication, IFFI, iffi_row)


def coolr_row(row: Mapping[str, Any], publication: Publication) -> dict[str, Any]:
    """A landslide in COOLR's fields.

    Parameters
    ----------
    row : mapping of str to Any
        The landslide.
    publication : Publication
        Its release.

    Returns
    -------
    dict of str to Any
        What is known of it. The date is that of the last acquisition that saw it, as the notes say.
    """
    return {
        "source_name": f"sarslide {publication.region} {publication.manifest.release}",
        "source_link": row["evidence"],
        "event_date": _iso(row["last_seen"]),
        "event_title": row["name"] or f"{publication.region} {row['ls_id']}",
        "event_description": f"Slow-moving landslide of {row['area_km2']:g} km2 seen by radar interferometry. "
        + _motion(row),
        "location_accuracy": "exact",
        "landslide_category": "landslide",
        "landslide_trigger": "unknown",
        "landslide_size": "unknown",
        "landslide_setting": "unknown",
        "notes": f"No dated event: in motion, first seen {_iso(row['first_seen'])}, last {_iso(row['last_seen'])}",
        "event_import_source": "sarslide",
        "event_import_id": row["uid"],
        "longitude": f"{row['lon']:.7f}",
        "latitude": f"{row['lat']:.7f}",
    }


def iffi_row(row: Mapping[str, Any], publication: Publication) -> dict[str, Any]:
    """A landslide in fields of IFFI's Scheda Frane.

    Parameters
    ----------
    row : mapping of str to Any
        The landslide.
    publication : Publication
        Its release.

    Returns
    -------
    dict of str to Any
        What is known of it. Of one that only a lower bound is known of the velocity is left open.
    """
    rate = abs(row["downslope_rate_mm_per_yr"])
    bounded = not math.isnan(row["los_rate_bound_mm_per_yr"])
    return {
        "id_compilatore": row["uid"],
        "denominazione": row["name"],
        "longitudine": f"{row['lon']:.7f}",
        "latitudine": f"{row['lat']:.7f}",
        "area_m2": row["area_km2"] * 1e6,
        "esposizione_gradi": row["aspect_mean_deg"],
        "pendenza_media_gradi": row["slope_mean_deg"],
        "tipo_movimento": "n.d.",
        "stato_attivita": "attivo" if row["status"] == "released" else "n.d.",
        "velocita": "" if bounded else next((word for below, word in VELOCITIES if rate < below), ""),
        "metodo": "monitoraggio",
        "data_osservazione": _iso(row["last_seen"]),
        "note": f"InSAR, {publication.region} {publication.manifest.release} {row['ls_id']}. {_motion(row)}",
    }


def _motion(row: Mapping[str, Any]) -> str:
    """The rates of a landslide in words."""
    rates = {"line of sight": "los_rate_mean_mm_per_yr", "down the slope": "downslope_rate_mm_per_yr"}
    known = [f"{row[column]:g} mm/yr {words}" for words, column in rates.items() if not math.isnan(row[column])]
    if not math.isnan(row["los_rate_bound_mm_per_yr"]):
        known = [f"faster than {row['los_rate_bound_mm_per_yr']:g} mm/yr line of sight"]
    return f"{', '.join(known) or 'Rate unknown'} ({row['tracks']})"


def _iso(date: str) -> str:
    return names.parse_date(date).isoformat() if date else ""


def _write(
    path: Path,
    publication: Publication,
    columns: Mapping[str, type],
    of_row: Callable[[Mapping[str, Any], Publication], dict[str, Any]],
) -> None:
    empty = {name: math.nan if kind is float else "" for name, kind in columns.items()}
    rows = publication.layers["landslides"].to_dict("records")
    path.write_text(csv_text([empty | of_row(row, publication) for row in rows], columns))
