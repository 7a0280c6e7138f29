"""Tables as people have them: fit, score, explain and watch read them alike, or say why not."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.cli import csv_files as files
from zoo.cli import main as cli
from zoo.cli.watching import watch
from zoo.data.tables import stored
from zoo.data.tables.dialect import Dialect

pytestmark = [
    pytest.mark.once,
    pytest.mark.xdist_group("cases"),
    pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning"),
]

ROWS = 180
NAMES = ["temp", "flow", "volt"]
FIT = ("--missing", "mean", "--random-state", 0, "--epochs", 2)


def plain() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    values = rng.normal([20, 1500, 3], [3, 100, 1], (ROWS, 3)).round(3)
    return pd.DataFrame(values, columns=NAMES)


TABLE = plain()
PLAIN = TABLE.to_csv(index=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    (folder / "plain.csv").write_text(PLAIN)
    assert (
        cli.main(["fit", *map(str, (folder / "plain.csv", *FIT, "--out", folder / "a.zoo"))]) == 0
    )
    return folder


@pytest.fixture(scope="module")
def detector(folder):
    return zoo.load(folder / "a.zoo")


@pytest.fixture(scope="module")
def expected(folder, detector):
    return detector.detect(TABLE)


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run `zoo` beside a file; exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = cli.main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def fit(run, tmp_path):
    """Write a file and fit on it; exit code and what was said."""

    def fit(content, *options):
        (tmp_path / "x.csv").write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
        code, out, error = run("fit", "x.csv", *FIT, "--out", "x.zoo", *options)
        return code, out + error

    return fit


def read_alike(detector, expected, path, first_line=2, **reading):
    """Check that score, explain and watch give the scores of the table in memory."""
    out = path.with_suffix(".scores")
    files.score_file(detector, path, out, overwrite=True, **reading)
    found = pd.read_csv(out)
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)
    assert found["line"].iloc[0] == first_line
    told = files.explain_file(detector, path, count=1, top=1, **reading)
    assert told["row"].iloc[0] == found["line"][found["score"].idxmax()]
    watched = io.StringIO()
    watch(detector, path, watched, follow=False, complain=io.StringIO(),
          dialect=reading.get("dialect"), columns=reading.get("columns"))  # fmt: skip
    watched = pd.read_csv(io.StringIO(watched.getvalue()))
    np.testing.assert_allclose(watched["score"], expected["score"], rtol=1e-5)
    assert watched["line"].tolist() == found["line"].tolist()


PACKINGS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


class TestAlike:
    @pytest.mark.parametrize(
        "content",
        [
            PLAIN,
            "\ufeff" + PLAIN,
            PLAIN.replace("\n", "\r\n"),
            PLAIN.replace("\n", "\r"),
            PLAIN.replace("\n", ",\n"),
            PLAIN.replace("\n", ",,,\n"),
            "temp,flow,volt\n" + PLAIN.split("\n", 1)[1].replace("\n", ",\n"),  # u02
            TABLE.to_csv(),  # u03
            TABLE.set_axis([f"t{i}" for i in range(ROWS)]).to_csv(),
            TABLE.to_csv(index=False, quoting=1),
            PLAIN.replace(",", ", "),
            PLAIN.rstrip("\n"),
            TABLE[["volt", "temp", "flow"]].assign(note="a, b").to_csv(index=False),
            TABLE.assign(note='5" pipe').to_csv(index=False, quoting=3),
        ],
        ids=range(14),
    )  # fmt: skip
    def test_variants_of_one_table(self, content, detector, expected, tmp_path):
        path = tmp_path / "x.csv"
        path.write_bytes(content.encode())
        read_alike(detector, expected, path)
        learned, _, _ = files.read_features(path, ["note"] if "note" in content else [])
        np.testing.assert_array_equal(learned[NAMES], TABLE)

    @pytest.mark.parametrize(
        ("dialect", "writing"),
        [
            (Dialect(";", ","), {"sep": ";", "decimal": ","}),  # u06
            (Dialect("tab"), {"sep": "\t"}),
            (Dialect("|", encoding="utf-16"), {"sep": "|", "encoding": "utf-16"}),
            (Dialect(encoding="latin-1"), {"encoding": "latin-1"}),
        ],
    )
    def test_dialects(self, dialect, writing, detector, expected, tmp_path):
        path = tmp_path / "x.csv"
        TABLE.assign(note="°").to_csv(path, index=False, **writing)
        read_alike(detector, expected, path, dialect=dialect)
        learned, _, _ = files.read_features(path, ["note"], dialect=dialect)
        np.testing.assert_array_equal(learned, TABLE)

    def test_thousands(self, detector, expected, tmp_path):
        path = tmp_path / "x.csv"
        TABLE.map("{:,.3f}".format).to_csv(path, index=False)
        read_alike(detector, expected, path, dialect=Dialect(thousands=","))
        german = TABLE.map(lambda v: f"{v:,.3f}".translate(str.maketrans(",.", ".,")))
        german.to_csv(path, index=False, sep=";")
        read_alike(detector, expected, path, dialect=Dialect(";", ",", "."))

    def test_lines_are_those_of_the_file(self, detector, tmp_path):
        path = tmp_path / "x.csv"
        path.write_text('\n"no\nte",temp,flow,volt\n\n"a\n\nb",1,2,3\nc,4,5,6\n  \n"d",7,8,9')
        out = io.StringIO()
        files.score_file(detector, path, tmp_path / "s.csv")
        assert pd.read_csv(tmp_path / "s.csv")["line"].tolist() == [5, 8, 10]
        assert watch(detector, path, out, follow=False) == 3
        assert pd.read_csv(io.StringIO(out.getvalue()))["line"].tolist() == [5, 8, 10]

    def test_a_file_without_a_header_is_given_names(self, detector, expected, tmp_path):
        path = tmp_path / "x.csv"
        TABLE.to_csv(path, index=False, header=False)
        read_alike(detector, expected, path, first_line=1, columns=NAMES)
        learned, _, _ = files.read_features(path, columns=NAMES)
        np.testing.assert_array_equal(learned, TABLE)
        with pytest.raises(ValueError, match="has no header"):
            files.read_features(path)

    def test_columns_of_a_header_are_chosen(self, tmp_path):
        (tmp_path / "x.csv").write_text(PLAIN)
        learned, _, _ = files.read_features(tmp_path / "x.csv", columns=["volt", "temp"])
        pd.testing.assert_frame_equal(learned.reset_index(drop=True), TABLE[["volt", "temp"]])
        labelled = TABLE.assign(label=[0, 1] * (ROWS // 2))
        labelled.to_csv(tmp_path / "y.csv", index=False)
        learned, *_ = files.read_features(tmp_path / "y.csv", (), "label", columns=["volt"])
        assert list(learned.columns) == ["volt"] and len(learned) == ROWS // 2
        with pytest.raises(ValueError, match="has no column 'tmp'"):
            files.read_features(tmp_path / "x.csv", columns=["volt", "tmp"])


class TestPacked:
    @pytest.mark.parametrize("kind", PACKINGS)
    def test_fit_and_score_read_it(self, kind, folder, detector, expected, fit, run, tmp_path):
        code, said = fit(PACKINGS[kind](PLAIN.encode()))
        assert code == 0, said
        files.score_file(detector, tmp_path / "x.csv", tmp_path / "s.csv")
        found = pd.read_csv(tmp_path / "s.csv")
        np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)
        code, _, error = run("watch", folder / "a.zoo", "x.csv", "--stop")
        assert code == 2 and "is packed" in error and "zoo score" in error

    def test_zip(self, detector, tmp_path):
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.csv", PLAIN)
        assert files.score_file(detector, path, tmp_path / "s.csv") == ROWS
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("y.csv", PLAIN)
        with pytest.raises(ValueError, match=r"zip archive of 2 files \(x.csv, y.csv\)"):
            files.score_file(detector, path, tmp_path / "t.csv")

    @pytest.mark.parametrize("kind", PACKINGS)
    def test_damage_is_told(self, kind, fit):
        code, said = fit(PACKINGS[kind](PLAIN.encode())[:-30])
        assert code == 2 and "packed and damaged" in said

    def test_parquet_and_excel_need_their_extra(self, fit, tmp_path, monkeypatch):
        monkeypatch.setattr(stored, "LIBRARIES", {"parquet": "not_there", "excel": "not_there"})
        code, said = fit(b"PAR1" + bytes(20))
        assert code == 2 and "pip install 'keras-anomaly-zoo[parquet]'" in said
        with zipfile.ZipFile(tmp_path / "y.xlsx", "w") as archive:
            archive.writestr("xl/workbook.xml", "")
        code, said = fit((tmp_path / "y.xlsx").read_bytes())
        assert code == 2 and "pip install 'keras-anomaly-zoo[excel]'" in said

    def test_parquet(self, detector, expected, tmp_path):
        pytest.importorskip("pyarrow")
        TABLE.to_parquet(tmp_path / "x.parquet")
        files.score_file(detector, tmp_path / "x.parquet", tmp_path / "s.csv")
        found = pd.read_csv(tmp_path / "s.csv")
        np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)
        assert found["line"].tolist() == list(range(2, ROWS + 2))
        learned, _, _ = files.read_features(tmp_path / "x.parquet")
        np.testing.assert_array_equal(learned, TABLE)

    def test_excel(self, detector, expected, tmp_path):
        pytest.importorskip("openpyxl")
        TABLE.to_excel(tmp_path / "x.xlsx", index=False)
        files.score_file(detector, tmp_path / "x.xlsx", tmp_path / "s.csv")
        found = pd.read_csv(tmp_path / "s.csv")
        np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)
        learned, _, _ = files.read_features(tmp_path / "x.xlsx")
        np.testing.assert_array_equal(learned, TABLE)


class TestRefused:
    """Each by `zoo fit`, in one sentence that names an option or the line."""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("temp,flow,volt\n", "has a header and no rows"),  # u05
            ("temp;flow;volt\n", "has a header and no rows"),
            (TABLE.to_csv(index=False, sep=";", decimal=","),
             "give --separator ';' and --decimal ','"),  # u06
            (TABLE.to_csv(index=False, sep=";"), "give --separator ';'"),
            (TABLE.to_csv(index=False, sep="\t"), "give --separator 'tab'"),
            (TABLE.to_csv(index=False, decimal=","), "give --decimal ','"),
            (TABLE.map("{:,.1f}".format).to_csv(index=False), "give --thousands ','"),
            ("temp,flow,volt\n°C,l/h,V\n" + PLAIN.split("\n", 1)[1],
             "'°C' in line 2; expected a number"),  # u15
            (TABLE.rename(columns={"temp": "temp °C"}).to_csv(index=False).encode("latin-1"),
             "line 1 has bytes that mean nothing there; give another encoding, such as --encoding"),
            (PLAIN.encode("utf-16-le"), "give --encoding 'utf-16'"),
            (TABLE.assign(c=1).to_csv(index=False).encode("utf-16-be"), "--encoding 'utf-16'"),
            (PLAIN + "1,2\n", "has 2 cells in line 182; expected 3 columns"),
            (PLAIN + "1,2,3,4\n", "has 4 cells in line 182; expected 3 columns"),
            (PLAIN + "1_500,2,3\n", "has text in column 'temp': '1_500' in line 182"),
            (PLAIN + "１,2,3\n", "has text in column 'temp': '１' in line 182"),
            (PLAIN + '"1,2,3\n', "quotation mark in the record of line 182 is never closed"),
            (PLAIN + "inf,2,3\n", "has 1 infinite value, in line 182, column 'temp'"),
            ("temp,,volt\n1,2,3\n", "has no name for column 2"),
        ],
        ids=range(18),
    )  # fmt: skip
    def test_what_cannot_be_read(self, content, said, fit, tmp_path):
        code, found = fit(content)
        assert code == 2 and said in found and "Traceback" not in found
        assert not (tmp_path / "x.zoo").exists()

    def test_empty_cells_name_options_that_exist(self, fit, run, folder, tmp_path):  # u08
        holes = TABLE.copy()
        holes.loc[5, "flow"] = np.nan
        code, said = fit(holes.to_csv(index=False), "--missing", "error")
        assert (
            code == 2
            and "in line 7, column 'flow'; repair the file, or give --missing mean" in said
        )
        fit(PLAIN, "--missing", "error")
        holes.to_csv(tmp_path / "holes.csv", index=False)
        code, _, said = run("score", "x.zoo", "holes.csv", "--out", "s.csv")
        assert code == 2 and "in line 7, column 'flow'" in said
        assert "fit again with --missing mean" in said and "drop" not in said

    def test_score_hints_at_the_dialect(self, run, folder, tmp_path):
        TABLE.to_csv(tmp_path / "x.csv", index=False, sep=";", decimal=",")
        for words in (["score", folder / "a.zoo", "x.csv", "--out", "s.csv"],
                      ["explain", folder / "a.zoo", "x.csv"]):  # fmt: skip
            code, _, said = run(*words)
            assert code == 2 and "give --separator ';' and --decimal ','" in said
        code, *_ = run(*words, "--separator", ";", "--decimal", ",")
        assert code == 0
        code, _, said = run("watch", folder / "a.zoo", "x.csv", "--stop")
        assert code == 2 and "--separator" in said
        code, _, said = run(*words, "--separator", ";;")
        assert code == 2 and said.startswith("error: separator is ';;'")


MACHINES = pd.DataFrame(
    {
        "timestamp": np.repeat(pd.date_range("2026-03-29", periods=80, freq="5min").astype(str), 3),
        "machine": ["press-A", "press-B", "press-C"] * 80,
        "temp": np.random.default_rng(1).normal(size=240) + np.tile([20, 35, 50], 80),
        "speed": np.random.default_rng(2).normal(size=240),
    }
)
EPOCH = 1_767_225_600


class TestColumns:
    """Columns that are no measurement are named at `fit`, with what is done about each."""

    @pytest.mark.parametrize(
        ("column", "said"),
        [
            (EPOCH * 1000 + 300_000 * np.arange(ROWS), "milliseconds since 1970"),  # u14
            (EPOCH + 300.0 * np.arange(ROWS), "seconds since 1970"),
            (10**9 * (EPOCH + 60 * np.arange(ROWS)), "nanoseconds since 1970"),
            (
                pd.date_range("2026-01-01", periods=ROWS, freq="h").astype(str),
                "times in column 'c'",
            ),
            (np.arange(ROWS), "counts the rows"),
            (np.arange(ROWS)[::-1] * 0.5, "counts the rows"),
            (np.cumsum(np.random.default_rng(0).random(ROWS)), "only ever grows"),
            (np.cumsum(np.arange(ROWS) % 2), "only ever grows"),
        ],
    )
    def test_times_and_counters(self, column, said, fit):
        content = TABLE.assign(c=column).to_csv(index=False)
        code, found = fit(content)
        assert code == 2 and "'c'" in found and said in found
        assert "give --ignore c to leave it out, or --keep c to learn from it" in found
        assert fit(content, "--ignore", "c")[0] == 0

    def test_what_is_kept_is_learned(self, fit, run):
        assert fit(TABLE.assign(c=np.arange(ROWS)).to_csv(index=False), "--keep", "c")[0] == 0
        assert "temp, flow, volt, c" in run("inspect", "x.zoo")[1]

    def test_ids_and_several_at_once(self, fit):
        shuffled = np.random.default_rng(0).permutation(ROWS)
        table = TABLE.assign(customer_id=shuffled, n=np.arange(ROWS))
        code, said = fit(table.to_csv(index=False))
        assert code == 2 and "'customer_id', which is a different whole number" in said
        assert "--ignore customer_id n to leave them out" in said

    def test_an_index_without_a_name_is_left_out_and_told(self, fit, run):  # u03
        code, said = fit(TABLE.to_csv())
        assert code == 0 and "note: the first column of 'x.csv' without a name: left out" in said
        assert "temp, flow, volt" in run("inspect", "x.zoo")[1]

    def test_constants_are_told(self, fit):  # u10
        code, said = fit(TABLE.assign(gap_m=0.002).to_csv(index=False))
        assert code == 0 and "note: column 'gap_m' of 'x.csv' never changes: 0.002" in said

    @pytest.mark.parametrize(
        ("name", "normal", "anomalous"),
        [
            ("label", 0, 1), ("label", 1, -1), ("label", False, True), ("is_anomaly", "no", "yes"),
            ("state", "normal", "anomaly"), ("outcome", "benign", "attack"), ("Class", 0.0, 1.0),
        ],
    )  # fmt: skip
    def test_labels_in_any_code_are_asked_about(self, name, normal, anomalous, fit):  # u09
        labels = [normal if i % 30 else anomalous for i in range(ROWS)]
        content = TABLE.assign(**{name: labels}).to_csv(index=False)
        code, said = fit(content)
        assert code == 2 and "looks like labels; give --label-column " + name in said
        code, said = fit(content, "--label-column", name)
        if anomalous == -1:
            assert code == 2 and "-1" in said and "give --normal-label '1' if 1" in said
            code, said = fit(content, "--label-column", name, "--normal-label", normal)
        assert code == 0 and "174 rows of 3 features" in said

    def test_several_machines_are_no_series(self, fit):  # u13
        words = ("--method", "forecaster", "--ignore", "timestamp", "machine")
        code, said = fit(MACHINES.to_csv(index=False), *words)
        assert code == 2 and "told apart by column 'machine' (press-A, press-B, press-C" in said
        numbered = MACHINES.assign(machine=[1, 2, 3] * 80).to_csv(index=False)
        code, said = fit(numbered, *words)
        assert code == 2 and "told apart by column 'machine' (1, 2, 3" in said

    def test_states_of_one_machine_are_a_series(self, fit):
        table = TABLE.assign(
            timestamp=pd.date_range("2026-01-01", periods=ROWS, freq="min").astype(str),
            mode=np.where(np.arange(ROWS) // 30 % 2, "on", "off"),
        )
        code, said = fit(table.to_csv(index=False), "--method", "forecaster", "--window", 4,
                         "--ignore", "timestamp", "mode")  # fmt: skip
        assert code == 0 and "several series" not in said
