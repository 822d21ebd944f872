"""Pictures as files, without a browser."""

import xml.etree.ElementTree as ET

import pytest

from sturgeon import figures
from sturgeon.errors import InputError
from sturgeon.figures.static import draw_static

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
