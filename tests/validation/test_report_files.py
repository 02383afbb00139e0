"""Figures and their data as files: the same bytes each time, whole or not at all, and readable again."""

import csv
import io

import numpy as np
import pytest
import xarray as xr

from geneft_theory.errors import InvalidInput
from validation.report import accuracy_data, csv_text, figure_bytes, gap_figure, save, specimen, write_csv


@pytest.fixture(scope="module")
def figure():
    return gap_figure(specimen.specimen_measured())


def test_saved_files_are_png_and_svg_without_a_date(figure, tmp_path):
    png, svg = save(figure, tmp_path / "gap")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in svg.read_bytes()
    assert b"<dc:date>" not in svg.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["gap.png", "gap.svg"]


@pytest.mark.parametrize("form", ["png", "svg"])
def test_two_drawings_of_the_same_data_are_the_same_bytes(form):
    first, second = (figure_bytes(gap_figure(specimen.specimen_measured()), form) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("random:0.3", ["random:0.3.png", "random:0.3.svg"]),
        ("gap.png", ["gap.png", "gap.svg"]),
        ("gap.svg", ["gap.png", "gap.svg"]),
    ],
)
def test_only_the_suffix_of_a_picture_is_dropped(figure, tmp_path, name, files):
    assert [file.name for file in save(figure, tmp_path / name)] == files


def test_nothing_is_left_where_nothing_can_be_written(figure, tmp_path):
    with pytest.raises(OSError, match="absent"):
        save(figure, tmp_path / "absent" / "gap")
    with pytest.raises(OSError, match="absent"):
        write_csv(specimen.specimen_measured(), tmp_path / "absent" / "gap.csv")
    assert list(tmp_path.iterdir()) == []


def test_only_two_forms_are_known(figure):
    with pytest.raises(InvalidInput, match="form must be one of svg, png; got 'jpeg'"):
        figure_bytes(figure, "jpeg")


def test_csv_gives_every_number_back_in_full(tmp_path):
    results = specimen.specimen_results(seeds=3)
    write_csv(results, tmp_path / "results.csv")
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == int(results["accuracy"].notnull().sum())
    for row in rows:
        place = {"relation": row["relation"], "mode": row["mode"]}
        place |= {"fraction": float(row["fraction"]), "seed": int(row["seed"])}
        assert float(row["accuracy"]) == results["accuracy"].sel(place).item()


def test_csv_holds_variables_over_different_dimensions_in_one_table():
    data = accuracy_data(
        specimen.specimen_results(), specimen.specimen_theory(), specimen.specimen_measured(), "modulo:3"
    )
    rows = list(csv.DictReader(io.StringIO(csv_text(data))))
    assert {row["relation"] for row in rows} == {"modulo:3"}
    curve = [float(row["ideal_accuracy"]) for row in rows if row["ideal_accuracy"]]
    assert curve == data["ideal_accuracy"].values.tolist()
    assert sum(bool(row["accuracy_estimate"]) for row in rows) == data["fine_fraction"].size
    assert [row["theory_critical_fraction"] for row in rows if row["theory_critical_fraction"]] == ["0.1004"]


def test_csv_quotes_text_and_leaves_out_rows_without_data():
    dataset = xr.Dataset({"value": ("name", [1.0, np.nan, 3.0])}, {"name": ['a,"b"', "c", "d"]})
    assert csv_text(dataset) == 'name,value\n"a,""b""",1.0\nd,3.0\n'
