"""Exports read back by other programs: the same numbers, missing ones missing, nothing half-written."""

import csv
import io
import json
import sys
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray

from geneft_theory.errors import InvalidInput
from tests.validation.stored_runs import MADE_BY, networks, write_run
from validation.cli import main
from validation.measure import PHASES
from validation.sweeps import Question, RunFolder, Shard, Variable, load, write_shard
from validation.sweeps import export as exported


def words(results):
    return [PHASES[code] for code in results["phase"].values]


def test_parquet_has_a_row_a_network_and_lists_along_axes(tmp_path):
    run = write_run(tmp_path / "run")
    (file,) = exported(run)
    assert file == run.path / "tables" / "networks.parquet"
    results, table = load(run), pq.read_table(file)
    assert table.column_names[:6] == list(results.coords)[:6]
    for name in ("eta_decoder", "seed", "width", "held_out_accuracy", "steps_to_test_threshold", "diverged"):
        np.testing.assert_array_equal(table[name].to_numpy(), results[name])
    assert table["weight_decay"].null_count == table.num_rows == len(networks())
    assert table["phase"].to_pylist() == words(results)
    np.testing.assert_array_equal(np.array(table["train_loss_curve"].to_pylist()), results["train_loss_curve"])
    np.testing.assert_array_equal(np.array(table["embeddings"].to_pylist()), results["embeddings"])
    assert table["step"].to_pylist() == [[1, 10, 100]] * table.num_rows


def test_parquet_says_units_meanings_question_and_versions(tmp_path):
    schema = pq.read_schema(exported(write_run(tmp_path))[0])
    assert schema.field("steps_to_test_threshold").metadata[b"units"] == b"steps"
    assert schema.field("train_loss").metadata[b"description"] == b"mean training loss"
    about = json.loads(schema.metadata[b"geneft"])
    assert about["question"]["experiment"] == "rates"
    assert about["made_by"] == [MADE_BY]


def test_csv_has_a_table_of_networks_and_long_tables_along_axes(tmp_path):
    run, results = write_run(tmp_path / "run"), load(tmp_path / "run")
    files = exported(run, "csv", tmp_path / "mine.csv")
    names = ["mine.csv", "mine.step.csv", "mine.symbol-dimension.csv", "mine.csv-metadata.json"]
    assert [file.name for file in files] == names
    table, curves, tables = (list(csv.DictReader(io.StringIO(file.read_text()))) for file in files[:3])
    for name in ("held_out_accuracy", "train_loss", "steps_to_test_threshold", "eta_decoder"):
        np.testing.assert_array_equal([float(row[name]) for row in table], results[name])
    assert [row["phase"] for row in table] == words(results)
    assert {(row["diverged"], row["weight_decay"]) for row in table} == {("false", "")}
    assert len(curves) == results["train_loss_curve"].size
    for row in curves:
        loaded = results["train_loss_curve"].isel(network=int(row["network"])).sel(step=int(row["step"]))
        assert np.float32(row["train_loss_curve"]) == loaded.item()
    assert list(tables[0]) == ["network", "symbol", "dimension", "embeddings"]
    embeddings = np.array([row["embeddings"] for row in tables], dtype=np.float32)
    np.testing.assert_array_equal(embeddings.reshape(results["embeddings"].shape), results["embeddings"])
    metadata = json.loads(files[3].read_text())
    described = {column["name"]: column for column in metadata["tables"][0]["tableSchema"]["columns"]}
    assert list(described) == list(table[0])
    assert described["steps_to_test_threshold"]["schema:unitText"] == "steps"
    assert described["diverged"]["datatype"] == "boolean"
    assert json.loads(metadata["dc:provenance"])["question"]["preset"] == "quick"


def test_netcdf_is_the_loaded_dataset(tmp_path):
    run = write_run(tmp_path)
    (file,) = exported(run, "netcdf", outcomes=["phase", "train_loss_curve"])
    with xarray.open_dataset(file, engine="scipy") as stored:
        results = load(run)
        assert set(stored.data_vars) == {"phase", "train_loss_curve"}
        np.testing.assert_array_equal(stored["phase"], results["phase"])
        assert stored["phase"].attrs["flag_meanings"] == results["phase"].attrs["flag_meanings"]
        np.testing.assert_array_equal(stored["train_loss_curve"], results["train_loss_curve"])


def test_what_a_chunk_lacks_or_repeats_is_left_out(tmp_path):
    run = RunFolder.open(tmp_path, Question("mixed", "quick", 0))
    variables = {"step": Variable(("step",)), "curve": Variable(("step",))}
    first = {"step": np.array([[1, 5, 5], [1, 5, 9]]), "curve": np.array([[0.1, 0.5, 0.5], [0.1, 0.5, 0.9]])}
    write_shard(run.shards, Shard(({"seed": 0}, {"seed": 1}), first, variables, position=0))
    write_shard(run.shards, Shard(({"seed": 2, "text": 'a, "b"\nc'},), {"x": np.array([3])}, position=2))
    table = pq.read_table(exported(run)[0])
    assert table["step"].to_pylist() == [[1, 5], [1, 5, 9], None]
    assert table["curve"].to_pylist() == [[0.1, 0.5], [0.1, 0.5, 0.9], None]
    assert table["x"].to_pylist() == [None, None, 3]
    assert table["text"].to_pylist() == [None, None, 'a, "b"\nc']
    main_table, curves, _ = exported(run, "csv")
    rows = list(csv.DictReader(io.StringIO(main_table.read_text())))
    assert [row["x"] for row in rows] == ["", "", "3"]
    assert rows[2]["text"] == 'a, "b"\nc'
    assert curves.read_text().split() == ["network,step,curve", "0,1,0.1", "0,5,0.5", "1,1,0.1", "1,5,0.5", "1,9,0.9"]


def peak_memory(tmp_path, form, chunks):
    """Memory while a run of this many chunks is exported, in Python and in Arrow."""
    run = RunFolder.open(tmp_path / f"{form}{chunks}", Question("large", "quick", 0))
    variables = {"curve": Variable(("step",)), "step": Variable(("step",))}
    for k in range(chunks):
        step = np.arange(1000)[np.newaxis]
        curve = np.random.default_rng(k).normal(size=step.shape)
        write_shard(run.shards, Shard(({"seed": k},), {"step": step, "curve": curve}, variables, "", k))
    usual, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        exported(run, form)
        return tracemalloc.get_traced_memory()[1] + pool.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_memory_does_not_grow_with_the_number_of_networks(tmp_path, form, monkeypatch):
    from validation.sweeps import parquet

    monkeypatch.setattr(parquet, "BYTES_OF_A_GROUP", 100_000)
    peak_memory(tmp_path, form, 2)
    few, many = (peak_memory(tmp_path, form, chunks) for chunks in (20, 100))
    # 80 more networks have curves of 1.3 MB; their settings and the list of files stay in memory.
    assert many - few < 0.2 * 80 * 16_000


def test_row_groups_end_where_they_should(tmp_path, monkeypatch):
    from validation.sweeps import parquet

    run = write_run(tmp_path)
    monkeypatch.setattr(parquet, "ROWS_OF_A_GROUP", 6)
    written = pq.ParquetFile(exported(run)[0])
    assert [written.metadata.row_group(k).num_rows for k in range(written.num_row_groups)] == [10, 2]
    np.testing.assert_array_equal(written.read()["train_loss"].to_numpy(), load(run)["train_loss"])


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    from validation.sweeps import exports

    run, out = write_run(tmp_path / "run"), tmp_path / "out"
    out.mkdir()
    before = {file.name: file.read_bytes() for file in exported(run, "csv", out / "a.csv")}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "_long_columns", full)
    with pytest.raises(InvalidInput, match=r"path must be a file that can be written; .*No space left on device"):
        exported(run, "csv", out / "a.csv")
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_without_pyarrow_the_message_names_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    run = write_run(tmp_path)
    assert main(["export", str(run.path)]) == 2
    assert 'pip install "geneft-theory[parquet]"' in capsys.readouterr().err
    assert main(["export", str(run.path), "--format", "csv"]) == 0


def test_the_command_writes_and_prints_the_names(tmp_path, capsys):
    run = write_run(tmp_path / "run")
    assert main(["export", str(run.path), "--out", str(tmp_path / "few.csv"), "--outcomes", "phase,train_loss"]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "few.csv"), str(tmp_path / "few.csv-metadata.json")]
    header = (tmp_path / "few.csv").read_text().splitlines()[0]
    assert header == "network,relation,eta_decoder,weight_decay,width,seed,sweep_seed,train_loss,phase"
    assert main(["export", str(run.path), "--out", str(tmp_path / "few.nc")]) == 0
    assert (tmp_path / "few.nc").read_bytes().startswith(b"CDF")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["RUN", "--out", "missing/x.csv"], "path must be a file that can be written"),
        (["RUN", "--out", "."], "Is a directory"),
        (["RUN", "--outcomes", "nothing"], "outcomes must be of"),
        (["RUN", "--format", "xml"], "--format"),
        (["nowhere"], "folder must be a run folder"),
    ],
)
def test_bad_input_is_one_line_and_code_2(tmp_path, monkeypatch, capsys, words, complaint):
    monkeypatch.chdir(tmp_path)
    run = write_run(tmp_path / "run")
    before = sorted(tmp_path.rglob("*"))
    try:
        code = main(["export", *(str(run.path) if word == "RUN" else word for word in words)])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert complaint in err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_suffix_that_says_nothing_is_refused_in_one_line(tmp_path, capsys):
    run = str(write_run(tmp_path / "run").path)
    out = tmp_path / "x.foo"
    assert main(["export", run, "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("geneft: out must end in .parquet, .nc, .csv, or --format must say")
    assert err.count("\n") == 1
    assert not out.exists()
    assert main(["export", run, "--out", str(out), "--format", "csv"]) == 0
    assert out.exists()
