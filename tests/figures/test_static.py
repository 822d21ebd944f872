"""Pictures as files, without a browser."""

import xml.etree.ElementTree as ET

import pytest

from sturgeon import figures
from sturgeon.errors import InputError
from sturgeon.figures.static import draw_static
from sturgeon.space import Choice, Real, Space
from sturgeon.study import Study

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("name", ["importance", "contour", "parallel_coordinates", "spread"])
def test_a_picture_becomes_a_file(name, drawn):
    figure = figures.FIGURES[name](drawn)
    assert draw_static(figure, "png", scale=1.0).startswith(PNG)
    svg = draw_static(figure, "svg")
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert svg == draw_static(figure, "svg")


def test_its_text_is_text_and_nothing_of_a_stranger_is_an_element(drawn, hostile):
    assert b"learning_rate" in draw_static(figures.importance(drawn), "svg")
    for name in ("importance", "learning_curves"):
        root = ET.fromstring(draw_static(figures.FIGURES[name](hostile), "svg"))
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not tags & {"script", "img", "a"}


def test_another_format_is_refused(drawn):
    with pytest.raises(InputError, match="one of png, svg; got 'gif'"):
        draw_static(figures.importance(drawn), "gif")


def test_many_long_options_stand_upright():
    space = Space(x=Real(0.0, 1.0), rule=Choice([f"a rule that is the {place}th" for place in range(8)]))
    with Study.create(":memory:", space, minimize="loss") as study:
        study.add({"x": 0.5, "rule": space["rule"].options[0]}, {"loss": 1.0})
        figure = figures.slice(study)
    assert {axis.tickangle for axis in (figure.layout.xaxis, figure.layout.xaxis2)} == {None, 90}
    assert b"rotate(-90" in draw_static(figure, "svg")
