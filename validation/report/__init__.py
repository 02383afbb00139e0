"""What a run shows: figures that answer a question, the data behind them, and one HTML page that opens offline.

Matplotlib and Jinja are imported when the first figure or page is made, not with this package.
"""

from validation.report.accuracy import accuracy_figure
from validation.report.accuracy_data import accuracy_data
from validation.report.alignment import (
    alignment_courses_figure,
    alignment_explained_figure,
    alignment_final_figure,
    alignment_gains_figure,
)
from validation.report.alignment_parity import parity_boundary_figure, parity_course_figure, parity_forecast_figure
from validation.report.alignment_structure import structure_merging_figure, structure_pairs_figure
from validation.report.alignment_systems import (
    alignment_controls_figure,
    alignment_layers_figure,
    alignment_linear_figure,
)
from validation.report.canvas import figure_bytes, save
from validation.report.contents import Report, ReportFigure, Section, Table
from validation.report.critical_fraction import critical_fraction_figure
from validation.report.gap import gap_figure
from validation.report.goldilocks import goldilocks_data, goldilocks_figure
from validation.report.grokking_rate import (
    grokking_accuracy_figure,
    grokking_official_figure,
    grokking_steps_figure,
    grokking_structure_figure,
)
from validation.report.html import render, write_report
from validation.report.labels import mode_label, relation_label
from validation.report.merging import merging_figure
from validation.report.phase_diagram import phase_diagram_figure, weight_decay_figure
from validation.report.repon_pair import collapse_data, collapse_figure
from validation.report.slowing_down import slowing_networks_figure, slowing_pairs_figure
from validation.report.table import csv_text, write_csv

__all__ = [
    "Report",
    "ReportFigure",
    "Section",
    "Table",
    "accuracy_data",
    "accuracy_figure",
    "alignment_controls_figure",
    "alignment_courses_figure",
    "alignment_explained_figure",
    "alignment_final_figure",
    "alignment_gains_figure",
    "alignment_layers_figure",
    "alignment_linear_figure",
    "collapse_data",
    "collapse_figure",
    "critical_fraction_figure",
    "csv_text",
    "figure_bytes",
    "gap_figure",
    "goldilocks_data",
    "goldilocks_figure",
    "grokking_accuracy_figure",
    "grokking_official_figure",
    "grokking_steps_figure",
    "grokking_structure_figure",
    "merging_figure",
    "mode_label",
    "parity_boundary_figure",
    "parity_course_figure",
    "parity_forecast_figure",
    "phase_diagram_figure",
    "relation_label",
    "render",
    "save",
    "slowing_networks_figure",
    "slowing_pairs_figure",
    "structure_merging_figure",
    "structure_pairs_figure",
    "weight_decay_figure",
    "write_csv",
    "write_report",
]
