"""What the docs show of a plan's growth is what was measured."""

from benchmarks import _plan_curve as curve


def test_the_page_and_the_plot_are_made_of_the_measurements() -> None:
    assert curve.PAGE.read_text() == curve.written(curve.PAGE.read_text()), "python -m benchmarks._plan_curve"
    assert curve.PLOT.read_text() == curve.plot()


def test_the_processor_a_member_takes_stays_the_same_from_a_million_on() -> None:
    for phase in ("first", "daily"):
        each = [phases[phase]["processor"] / members for members, phases in curve.rows().items()]
        assert max(each) < 1.5 * min(each), "linear growth"
