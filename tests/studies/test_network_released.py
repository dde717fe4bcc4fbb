"""Scores of finished regions, now and before, side by side."""

import json

from studies.network import released


def results(folder, **scores):
    report = folder / "results/demo/report"
    report.mkdir(parents=True)
    (report / "scores.json").write_text(json.dumps(scores))
    return folder / "results/demo"


def test_now_and_before_stand_in_one_row(tmp_path, monkeypatch):
    now = results(tmp_path / "now", object_recall=1.0, object_precision=0.5, object_f1=2 / 3, scored=7, released=9)
    old = results(tmp_path / "old", object_recall=0.5, object_precision=0.5, object_f1=0.5, scored=7, released=20)
    rows = []
    monkeypatch.setattr(released, "put", rows.extend)
    released.main(["--now", str(now), "--before", str(old), "--held-out", str(old), "--record"])
    assert [row["measured"] for row in rows] == [
        "1.00 / 0.50 / 0.67 (7 scored, 9 released)",
        "0.50 / 0.50 / 0.50 (7 scored, 20 released)",
    ]
    assert rows[0]["before"] == rows[1]["measured"] and rows[0]["what"].startswith("demo as released")
