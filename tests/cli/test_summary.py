"""`sarslide summary`: release, changes, report and scores; what there is nothing of is refused."""

import json

import pytest
from tests.support import releases

from sarslide import cli, exit_codes

RELEASE = "20190423-1a2b3c4d"


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["summary", *map(str, words)])
    return end.value.code or 0


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results/valley"
    lines = [releases.change_line(f"LS{k:06d}", kind) for k, kind in enumerate(("new", "grown", "new"), 1)]
    releases.write(folder / "inventory", RELEASE, tuple(lines))
    (folder / "report").mkdir()
    (folder / "report/report.html").touch()
    return folder


def test_what_there_is(results, tmp_path, capsys):
    assert ended("valley", "-C", tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "release  20190423-1a2b3c4d"
    assert lines[2:] == ["changes  1 grown, 2 new", f"report   {results}/report/report.html"]


def test_the_scores_of_a_simulated_region(results, tmp_path, capsys):
    scores = {
        "planted": 50,
        "scored": 35,
        "object_recall": 1,
        "object_precision": 0.5,
        "object_f1": 2 / 3,
        "los_rmse_mm_per_yr": {"A128": 4.0},
        "predicted_rmse_mm_per_yr": {"A128": 8.0},
    }
    (results / "report/scores.json").write_text(json.dumps(scores))
    assert ended("valley", "-C", tmp_path) == 0
    assert "object f1         0.667" in (text := capsys.readouterr().out)
    assert "LOS rate RMSE A128 4.00 mm/yr, 0.50 of the predicted error, 8.00" in text
    assert "left out" not in text
    left_out = {"planted_left_out": 3, "released_left_out": 1}
    (results / "report/scores.json").write_text(json.dumps(scores | left_out))
    assert ended("valley", "-C", tmp_path) == 0
    assert "not scored, in frames left out: 3 planted, 1 released" in capsys.readouterr().out.splitlines()
    unknown = {"los_rmse_mm_per_yr": {"A128": None}, "predicted_rmse_mm_per_yr": {"A128": None}, "rate_error": None}
    (results / "report/scores.json").write_text(json.dumps(scores | unknown))
    assert ended("valley", "-C", tmp_path) == 0
    assert "object f1         0.667" in (text := capsys.readouterr().out) and "RMSE" not in text


def external_scores(complete):
    matches = {"found": 3, "right": 3, "recall": 0.75, "precision": 0.6, "f1": 2 / 3}
    matches |= {} if complete else dict.fromkeys(("right", "precision", "f1"))
    track = {"landslides": 4, "found": 3, "linked": 3, "recall": 0.75, "found_by_track": 2, "released": 5}
    checks = {"checks": 56, "confirmed": 52, "missed": 4, "refuted": 0, "recall": 52 / 56, "precision": None}
    checks |= {"as_p4": {"areas": 56, "recognised": 52, "share": 52 / 56, "f1_if_none_false": 104 / 108}}
    apart = {"too_small": {"landslides": 2, "found": 0, "linked": 0, "recall": 0}}
    inventory = {
        "external": 6,
        "counted": 4,
        "judged": 5 if complete else None,
        "apart": apart,
        "tracks": {"A128": track},
    }
    return {"release": RELEASE, "inventory": inventory | {"matched": matches, "linked": matches}, "points": checks}


@pytest.mark.parametrize("complete", [True, False])
def test_the_scores_against_an_inventory_of_others(results, tmp_path, capsys, complete):
    (results / "report/external_scores.json").write_text(json.dumps(external_scores(complete)))
    assert ended("valley", "-C", tmp_path) == 0
    text = capsys.readouterr().out
    assert "external landslides 6, counted 4 (apart: 2 too_small)" in text
    assert "matched  recall 0.750 (3 of 4)" in text
    assert ("precision 0.600 (3 of 5), F1 0.667" in text) == complete == ("precision not stated" not in text)
    assert "track A128: observes 4, found by it 2, in the release 5 of this track" in text
    assert "52 of 56 areas, 92.86 %; F1 96.30 % if none were false" in text


def test_damaged_scores_are_named(results, tmp_path, capsys):
    (results / "report/external_scores.json").write_text('{"release": "x", "inventory": {}, "points": null}')
    assert ended("valley", "-C", tmp_path) != 0
    assert "E5002" in (text := capsys.readouterr().err) and "external_scores.json" in text


@pytest.mark.parametrize(
    ("words", "code"),
    [(["valley"], "E5002"), ([], "E5002"), (["atlantis"], "E1001"), (["valley", "-C", "none"], "E1001")],
)
def test_without_a_release(words, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert ended(*words) == exit_codes.REFUSED
    shown = capsys.readouterr()
    (text,) = shown.err.strip().splitlines()
    assert text.startswith(f"{code} ") and "; cure: " in text and not shown.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"release": "x"}', "{}".encode("utf-16"), None])
def test_a_pointer_that_is_broken_or_lost(content, results, tmp_path, capsys):
    """What it must name is known from the releases; one line beside the summary has what was wrong."""
    for name in ("current.json", "release.json"):
        (results / "inventory" / name).unlink()
    if content is not None:
        (results / "inventory/current.json").write_bytes(content)
    assert ended("valley", "-C", tmp_path) == 0
    assert f"release  {RELEASE}" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"ls_id,what\nL1,new\n", b"\xff\xfe", b"a" * 9_000_000])
def test_changes_that_are_broken(content, results, tmp_path, capsys):
    (results / f"inventory/releases/{RELEASE}/CHANGES.csv").write_bytes(content)
    assert ended("valley", "-C", tmp_path) == exit_codes.REFUSED
    (text,) = capsys.readouterr().err.strip().splitlines()
    assert text.startswith("E5002 ") and f"{RELEASE}/CHANGES.csv: " in text and "; cure: restore the folder" in text


@pytest.mark.parametrize("content", ["", "[]", '{"planted": -1}', '{"planted": NaN}'])
def test_scores_that_are_broken(content, results, tmp_path, capsys):
    (results / "report/scores.json").write_text(content)
    assert ended("valley", "-C", tmp_path) == exit_codes.REFUSED
    (text,) = capsys.readouterr().err.strip().splitlines()
    assert text.startswith("E5002 ") and "scores.json: " in text and "; cure: delete " in text
