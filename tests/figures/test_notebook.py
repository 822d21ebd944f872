"""What a notebook shows, and `study.plot`."""

import xml.etree.ElementTree as ET

import pytest

from drawn_studies import make_drawn, make_hostile, make_space
from sturgeon.figures.notebook import quantile_picture
from sturgeon.space import Integer, Space
from sturgeon.study import Study


def elements(html):
    return [element.tag for element in ET.fromstring(html).iter()]


def test_a_study_shows_its_best_trials_and_a_picture():
    with make_drawn() as study:
        html = study._repr_html_()
        best = study.best
    assert "svg" in elements(html)
    assert f"<b>{study.name}</b>: minimize val_loss" in html
    assert f">{best.number}</td>" in html
    assert Study.__repr__(study) in study._repr_html_().replace("&#x27;", "'")  # closed by now


def test_a_space_shows_a_picture_of_what_will_be_drawn():
    html = make_space()._repr_html_()
    assert elements(html).count("svg") == 4  # all but the choice
    assert "optimizer is momentum" in html
    assert "8 to 32 in steps of 8<" in Space(units=Integer(8, 32, step=8))._repr_html_()
    low, high = (quantile_picture({5: p, 25: p, 50: p, 75: p, 95: p}, 0.0, 1.0) for p in (0.1, 0.9))
    assert 'd="M18.2,3' in low
    assert 'd="M131.8,3' in high


def test_hostile_text_is_text(tmp_path):
    with make_hostile(tmp_path / "evil.study") as study:
        for html in (study._repr_html_(), study.space._repr_html_()):
            assert not set(elements(html)) & {"script", "img", "a"}


def test_plot_draws_by_name():
    with make_drawn() as study:
        assert study.plot().layout.title.text == "The study at a glance"
        assert study.plot.slice(hyperparameter="layers").layout.title.text == "layers"
        assert study.plot("best_so_far", against="epochs").layout.xaxis.title.text.startswith("epochs")
        assert "importance" in dir(study.plot)
        with pytest.raises(AttributeError, match="has the pictures overview"):
            study.plot.nonsense()
