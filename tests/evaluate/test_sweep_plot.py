"""The drawing of a sweep: points where their numbers are, and nothing where there are none."""

from xml.etree import ElementTree

from sfumato.evaluate.sweep_plot import HEIGHT, MARGIN, WIDTH, sweep_plot

SVG = "{http://www.w3.org/2000/svg}"


def line(measure, made, real):
    return {"measure": measure, "made": [made, None, None], "real": [real, None, None]}


def points(*values, real=(8.0, 50.0)):
    return [
        {"scale": w, "lines": [line("near <1>", y, real[1]), line("far", x, real[0])]}
        for w, (x, y) in enumerate(values)
    ]


def drawn(listed):
    text = sweep_plot(listed, "near", "far")
    root = ElementTree.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    marks = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    return marks, [t.text for t in root.iter(f"{SVG}text")]


def test_points_are_where_their_numbers_are():
    marks, texts = drawn(points((8.0, 0.0), (4.0, 50.0), (0.0, 25.0)))
    right, bottom = WIDTH - MARGIN, HEIGHT - MARGIN
    assert marks == [(right, bottom), ((MARGIN + right) / 2, MARGIN), (MARGIN, (MARGIN + bottom) / 2)]
    assert texts[:3] == ["w = 0", "w = 1", "w = 2"]
    assert "near <1>, real 50" in texts


def test_an_axis_reaches_to_the_largest_value():
    marks, texts = drawn(points((16.0, 10.0), (4.0, 10.0)))
    assert marks[0][0] == WIDTH - MARGIN
    assert "16" in texts


def test_without_a_measure_nothing_is_drawn():
    assert sweep_plot(points((1.0, 2.0)), "near", "elsewhere") == ""
    assert sweep_plot([{"scale": 0, "lines": [line("near", None, 1.0), line("far", 1.0, 1.0)]}], "near", "far") == ""


def test_all_zero_is_no_fault():
    assert drawn(points((0.0, 0.0), real=(0.0, 0.0)))[0] == [(MARGIN, HEIGHT - MARGIN)]
