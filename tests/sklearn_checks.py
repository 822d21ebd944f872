"""scikit-learn's own checks of an estimator, for tests."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator


def own_checks(*estimators, expected_to_fail=()):
    """Parametrise a test of ``estimator`` and ``check``.

    Args:
        estimators: What is checked.
        expected_to_fail: Pairs of the inner estimator's class and a check's name.

    Left out are the checks of array libraries other than NumPy, which no estimator here says it takes.
    """
    cases = []
    for estimator in estimators:
        for one, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            if "array_api" in name:
                continue
            inner = type(estimator.get_params().get("estimator"))
            marks = [pytest.mark.xfail] if (inner, name) in expected_to_fail else []
            cases.append(pytest.param(one, check, id=f"{type(estimator).__name__}-{name}", marks=marks))
    return pytest.mark.parametrize(("estimator", "check"), cases)
