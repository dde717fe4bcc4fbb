"""The figure of reliability and precision-recall shows what the summary holds."""

import numpy as np

from sarslide.dataset.scenes import TrainingScene
from sarslide.evaluate import scores
from sarslide.evaluate.probability_figure import MIN_CELLS, probability_figure, write_probabilities


def summary(sharpness):
    rng = np.random.default_rng(4)
    z = rng.normal(-2, 2, (150, 150))
    label = (rng.random(z.shape) < 1 / (1 + np.exp(-z))).astype(np.uint8)
    p = (1 / (1 + np.exp(-sharpness * z))).astype(np.float32)
    scene = TrainingScene("r", "r/A", np.zeros((1, 150, 150), np.float32), label)
    return scores.summary(scores.evaluate([scene], [p], 0.5))


def test_lines_are_those_of_the_summary(tmp_path):
    honest, sure = summary(1.0), summary(4.0)
    figure = probability_figure({"honest": honest, "sure": sure})
    left, right = figure.axes
    drawn = {line.get_label().split(",")[0]: line.get_xydata() for line in left.lines if "," in line.get_label()}
    assert drawn.keys() == {"honest", "sure"}
    many = np.array(honest["reliability"]["cells"]) >= MIN_CELLS
    np.testing.assert_array_equal(drawn["honest"][:, 1], np.array(honest["reliability"]["landslide"])[many])
    # The sure network lies off the diagonal, the honest one on it (standard error of a share of 30
    # cells: 0.09).
    assert np.abs(drawn["honest"] @ [1, -1]).max() < 0.1 < np.abs(drawn["sure"] @ [1, -1]).max()
    dots = [line.get_xydata()[0] for line in right.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots[0], [honest["pixel"]["recall"], honest["pixel"]["precision"]])
    curve = next(line.get_xydata() for line in right.lines if line.get_label().startswith("honest"))
    assert np.min(np.hypot(*(curve - dots[0]).T)) < 1e-3  # the threshold in use lies on the curve
    write_probabilities(tmp_path / "reliability.png", {"honest": honest})
    assert (tmp_path / "reliability.png").read_bytes()[:4] == b"\x89PNG"
