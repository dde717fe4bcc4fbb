"""What runs made of a region, on the terminal."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sarslide.errors import ReleaseError
from sarslide.inventory import records
from sarslide.io import bounded

Share = Annotated[float, Field(ge=0, le=1)]
Rmse = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Scores(BaseModel):
    """scores.json of a simulated region; what else it holds is left out."""

    model_config = ConfigDict(frozen=True)
    planted: records.Count
    scored: records.Count
    # In frames that the release leaves out; none in files of versions that did not tell.
    planted_left_out: records.Count = 0
    released_left_out: records.Count = 0
    object_recall: Share
    object_precision: Share
    object_f1: Share
    # Null where nothing was unwrapped.
    los_rmse_mm_per_yr: dict[records.Stack, Rmse | None]
    predicted_rmse_mm_per_yr: dict[records.Stack, Rmse | None]
    rate_error: Annotated[str, Field(max_length=20)] | None = "predicted"


class _Part(BaseModel):
    """A part of external_scores.json; what else it holds is left out."""

    model_config = ConfigDict(frozen=True)


class _Group(_Part):
    """Landslides of the inventory that share a property."""

    landslides: records.Count


class _Track(_Group):
    """Those that a track observes."""

    found_by_track: records.Count
    released: records.Count


class _Matches(_Part):
    """Scores of matched or of linked objects."""

    found: records.Count
    right: records.Count | None
    recall: Share
    precision: Share | None
    f1: Share | None


class _Inventory(_Part):
    """Scores against an inventory of others."""

    external: records.Count
    counted: records.Count
    judged: records.Count | None
    apart: dict[Annotated[str, Field(max_length=40)], _Group]
    matched: _Matches
    linked: _Matches
    tracks: dict[records.Stack, _Track]


class _AsP4(_Part):
    """Field checks as P4 counts them."""

    areas: records.Count
    recognised: records.Count
    share: Share
    f1_if_none_false: Share


class _Checks(_Part):
    """Scores of the field checks."""

    checks: records.Count
    confirmed: records.Count
    missed: records.Count
    refuted: records.Count
    recall: Share
    as_p4: _AsP4


class ExternalScores(_Part):
    """external_scores.json; what else it holds is left out."""

    release: Annotated[str, Field(max_length=40)]
    inventory: _Inventory | None
    points: _Checks | None


def current_release(results: Path) -> str:
    """Name of the current release.

    Parameters
    ----------
    results : Path
        Folder of results of a region.

    Returns
    -------
    str
        Such as `20190423-1a2b3c4d`; empty before the first release.

    Raises
    ------
    ReleaseError
        For a damaged release.
    """
    found = records.current(results / "inventory")
    return found.release if found else ""


def of_region(region: str, folder: Path = Path()) -> str:
    """What runs made of a region, where there is a release.

    Parameters
    ----------
    region : str
        Its name.
    folder : Path
        Working folder.

    Returns
    -------
    str
        As `summary`.

    Raises
    ------
    ReleaseError
        Where there is no release yet, or its files cannot be read.
    """
    results = folder / "results" / region
    if not current_release(results):
        raise ReleaseError(f"{results}: has no release", f"`sarslide run {region}`")
    return summary(results)


def summary(results: Path) -> str:
    """What a run made, in a few lines of text.

    Parameters
    ----------
    results : Path
        Folder of the region.

    Returns
    -------
    str
        Release, report, the scores of a simulated region against its planted truth, and those
        against an inventory of others.

    Raises
    ------
    ReleaseError
        Where its files cannot be read.
    """
    release = current_release(results)
    folder = results / "inventory" / records.RELEASES / release
    lines = [f"release  {release}", f"folder   {folder}", f"changes  {_counted_changes(folder)}"]
    if left_out := records.manifest(folder).without_frames:
        lines.append(f"frames   incomplete, without {', '.join(left_out)}")
    if (page := results / "report" / "report.html").is_file():
        lines.append(f"report   {page}")
    scores_file = results / "report" / "scores.json"
    if scores_file.is_file():
        lines += ["", *score_lines(read_scores(scores_file))]
    external_file = results / "report" / "external_scores.json"
    if external_file.is_file():
        from sarslide.evaluate import external_tables  # of those who have it alone

        found = bounded.json(external_file, ReleaseError, cure=_cure(external_file))
        scores = bounded.typed(ExternalScores, found, external_file, ReleaseError, _cure(external_file))
        lines += ["", external_tables.table(scores.model_dump())]
    return "\n".join(lines)


def read_scores(path: Path) -> Scores:
    """Scores of a simulated region.

    Parameters
    ----------
    path : Path
        scores.json.

    Returns
    -------
    Scores
        What the summary shows of them.

    Raises
    ------
    ReleaseError
        Where the file cannot be read.
    """
    return bounded.typed(Scores, bounded.json(path, ReleaseError, cure=_cure(path)), path, ReleaseError, _cure(path))


def _cure(path: Path) -> str:
    return f"delete {path}, then run again"


def _counted_changes(folder: Path) -> str:
    """Objects of a release by kind of change, such as `12 new, 3 grown`."""
    counted = Counter(change.change for change in records.changes(folder))
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) or "none"


def score_lines(scores: Scores) -> list[str]:
    """Scores of a simulated region against its planted truth, as lines of text.

    Parameters
    ----------
    scores : Scores
        Of the region.

    Returns
    -------
    list of str
        Counts, scores by object, and the error of the LOS rate of each track that has one.
    """
    lines = [f"planted {scores.planted} landslides, scored {scores.scored}"]
    planted, released = scores.planted_left_out, scores.released_left_out
    if planted or released:
        lines.append(f"not scored, in frames left out: {planted} planted, {released} released")
    shares = {"recall": scores.object_recall, "precision": scores.object_precision, "f1": scores.object_f1}
    lines += [f"object {name:<10} {share:.3f}" for name, share in shares.items()]
    for stack, rmse in scores.los_rmse_mm_per_yr.items():
        if rmse is None:
            continue
        line = f"LOS rate RMSE {stack} {rmse:.2f} mm/yr"
        if expected := scores.predicted_rmse_mm_per_yr.get(stack):
            line += f", {rmse / expected:.2f} of the {scores.rate_error} error, {expected:.2f}"
        lines.append(line)
    return lines
