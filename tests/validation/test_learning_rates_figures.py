"""The figures of the phase diagram, from made-up data."""

import numpy as np
import pytest

from geneft_theory import InvalidInput
from tests.validation.layout import require_layout
from validation.report import phase_diagram_figure, specimen_phases, weight_decay_figure
from validation.report.palette import VERMILLION


def figures():
    diagram = specimen_phases.specimen_phase_diagram
    few = {"encoder": specimen_phases.ENCODER[1:5], "decoder": specimen_phases.DECODER[1:6], "seeds": 4}
    flat = {"decoder": specimen_phases.DECODER[:2]}
    yield "many cells", phase_diagram_figure(diagram())
    yield "few cells, no line", phase_diagram_figure(diagram(0.3, **few, fitted=False))
    yield "two rows", phase_diagram_figure(diagram(**flat))
    yield "weight decays", weight_decay_figure([diagram(decay) for decay in (0.0, 0.1, 0.5)])
    yield "no boundary at all", weight_decay_figure([diagram(0.0, fitted=False)])


@pytest.mark.parametrize("figure", [pytest.param(figure, id=name) for name, figure in figures()])
def test_everything_fits_on_the_page_and_no_part_covers_another(figure):
    require_layout(figure)


def test_the_axes_are_the_right_way_round():
    """The encoder's rate to the right: a line at a large ratio decoder/encoder runs through the upper left."""
    diagram = specimen_phases.specimen_phase_diagram()
    figure = phase_diagram_figure(diagram)
    for axes in figure.axes:
        assert axes.get_xlabel() == "encoder learning rate"
        assert axes.get_xlim()[0] < diagram["eta_encoder"].values[0] < axes.get_xlim()[1] < 0.1
        assert axes.get_ylim()[0] < diagram["eta_decoder"].values[0]
        assert axes.get_ylim()[1] > 0.1
    left = figure.axes[0]
    assert left.get_ylabel() == "decoder learning rate"
    fit = next(line for line in left.lines if line.get_color() == VERMILLION and line.get_linewidth() > 1)
    np.testing.assert_allclose(fit.get_xdata(), diagram["line_eta_encoder"])
    np.testing.assert_allclose(fit.get_ydata(), diagram["line_eta_decoder"])
    # The cell of the smallest encoder rate and the second largest decoder rate memorizes, its mirror image does not.
    assert float(diagram["share"].sel(phase="memorization")[0, -2]) > 0.8
    assert float(diagram["share"].sel(phase="memorization")[-1, 0]) == 0
    labels = [text.get_text() for text in figure.axes[1].texts]
    assert labels[6] == "–"
    assert labels[-7] == "10/10"


def test_an_interval_that_leaves_the_grid_ends_in_arrows_at_its_edge():
    diagrams = [specimen_phases.specimen_phase_diagram(decay) for decay in (0.0, 0.1, 0.5)]
    diagrams[1].attrs["log_ratio_low"] = -np.inf
    diagrams[2].attrs |= {"log_ratio": 9.0, "log_ratio_low": 1.0, "log_ratio_high": np.inf}
    figure = weight_decay_figure(diagrams)
    axes = figure.axes[1]
    arrows = [line for line in axes.lines if line.get_marker() in ("v", "^")]
    assert [(line.get_xdata()[0], line.get_marker()) for line in arrows] == [(1, "v"), (2, "^")]
    assert [line.get_ydata()[0] for line in arrows] == list(axes.get_ylim())
    assert "off the grid (weight decay 0.5)" in " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_shares_fill_their_cells():
    diagram = specimen_phases.specimen_phase_diagram()
    figure = phase_diagram_figure(diagram)
    areas = 0.0
    for collection in figure.axes[0].collections:
        for path in collection.get_paths():
            corners = np.log(path.vertices[:4])
            areas += np.ptp(corners[:, 0]) * np.ptp(corners[:, 1])
    width, height = (np.ptp(np.log(limits)) for limits in (figure.axes[0].get_xlim(), figure.axes[0].get_ylim()))
    assert areas == pytest.approx(width * height, rel=1e-6)


def test_figures_refuse_what_they_cannot_draw():
    diagram = specimen_phases.specimen_phase_diagram()
    with pytest.raises(InvalidInput, match="must have a variable share"):
        phase_diagram_figure(diagram.drop_vars("share"))
    with pytest.raises(InvalidInput, match="data must hold the phases"):
        phase_diagram_figure(diagram.isel(phase=slice(3)))
    with pytest.raises(InvalidInput, match="at least one"):
        weight_decay_figure([])
