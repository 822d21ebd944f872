import numpy as np
import pytest

from sturgeon.study.importance.forest import predict_by_forest


def test_it_predicts_as_well_as_the_forest_of_scikit_learn():
    from sklearn.ensemble import ExtraTreesRegressor

    rng = np.random.default_rng(0)
    known, points = (rng.random((count, 5)).astype(np.float32) for count in (300, 2000))

    def value(x):
        return 5 * (x[:, 0] - 0.3) ** 2 + x[:, 1] * x[:, 2]

    values = value(known) + 0.1 * rng.standard_normal(300)
    ours = predict_by_forest(known, values, points, trees=20, rng=np.random.default_rng(1))
    theirs = ExtraTreesRegressor(20, random_state=1).fit(known, values).predict(points)
    error = [np.sqrt(np.mean((one - value(points)) ** 2)) for one in (ours, theirs)]
    assert error[0] < 1.1 * error[1]
    assert error[0] < 0.3 * value(points).std()


def test_points_that_nothing_parts_share_their_mean():
    known = np.array([[0.5, 1.0], [0.5, 1.0], [0.9, 1.0]], np.float32)
    found = predict_by_forest(known, np.array([1.0, 2.0, 7.0]), known, trees=3, rng=np.random.default_rng(0))
    assert found == pytest.approx([1.5, 1.5, 7.0])
