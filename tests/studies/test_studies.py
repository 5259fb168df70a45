"""The runner of the studies, with a study that trains nothing."""

from concurrent.futures import Executor, Future
from contextlib import contextmanager
import importlib
import json
import os
from pathlib import Path
import re
import sys

from aecourse import data, nb
from distributed import LocalCluster
import numpy as np
import pytest

from exercises.grader import cluster
import studies as package
from tools import studies

TOY = '''"""A toy."""

CRITERION = "a is below b"
SEEDS = range(0, 10)
SETTINGS = {"a": {"add": 1}, "b": {"add": 2}}
TRIALS = {"c": {"add": 3}}
QUICK = {"add": 0}


def run(data, seed, setting):
    return {
        "sum": seed + setting["add"],
        "images": len(data.x_train),
        "final": data.x_final[0, 0],
        "val": data.x_val[0, 0],
    }
'''


class Here(Executor):
    """Run tasks at once, in this process."""

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def here(scheduler, jobs):
    yield Here()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Write the toy study, with replacements; return where data are kept."""
    folder = tmp_path / "studies"
    folder.mkdir()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(package, "__path__", [str(folder)])
    monkeypatch.setattr(studies, "ROOT", tmp_path)
    monkeypatch.setattr(studies, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(studies, "TRIED", tmp_path / "tried")
    monkeypatch.setattr(studies, "workers", here)

    def load_mnist(flat):
        assert flat
        x = np.full((6000, 2), 1.0)
        x[:5000] = 2.0
        y = np.zeros(6000)
        return (x, y), (np.full((10, 2), 3.0), np.zeros(10))

    monkeypatch.setattr(data, "load_mnist", load_mnist)
    studies.images.cache_clear()

    def write(*replacements):
        text = TOY
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (folder / "01_toy.py").write_text(text)
        importlib.invalidate_caches()
        sys.modules.pop("studies.01_toy", None)
        return tmp_path / "kept" / "01_toy.json"

    yield write
    sys.modules.pop("studies.01_toy", None)
    studies.images.cache_clear()


def read(path):
    return json.loads(path.read_text())


def values(path):
    return {
        (run["setting"], run["seed"]): run["values"]
        for run in read(path)["runs"]
    }


def ran(capsys):
    """The tasks of the last call, by what it printed."""
    out = capsys.readouterr().out
    return re.findall(r"01_toy: (\w), seed (\d+): [\d.]+ s", out)


def test_each_seed_and_setting_is_a_task_whose_numbers_are_kept(toy, capsys):
    path = toy()
    assert studies.main([]) == 0
    assert len(ran(capsys)) == 20
    record = read(path)
    assert record["criterion"] == "a is below b"
    assert record["seeds"] == list(range(10))
    assert record["history"] == []
    assert record["machine"].keys() == {"processor", "cores", "system"}
    assert "keras" in record["versions"]
    assert all(run["seconds"] >= 0 for run in record["runs"])
    assert values(path)["b", 7]["sum"] == 9


def test_the_chapters_read_what_the_runner_writes(toy, monkeypatch):
    path = toy()
    studies.main(["01_toy"])
    monkeypatch.setattr(nb, "STUDIES", path.parent)
    study = nb.load_study("01_toy")
    np.testing.assert_array_equal(study["a"]["sum"], np.arange(1, 11))


def test_what_is_fresh_is_not_run_again(toy, capsys):
    path = toy()
    studies.main([])
    ran(capsys)
    before = path.read_bytes()
    toy(('"""A toy."""', '"""A toy, in other words."""'))
    assert studies.main([]) == 0
    assert not ran(capsys)
    assert path.read_bytes() == before


def test_other_code_is_run_again_on_the_same_seeds(toy, capsys):
    path = toy()
    studies.main([])
    ran(capsys)
    toy(("seed + setting", "2 * seed + setting"))
    assert studies.main([]) == 0
    assert len(ran(capsys)) == 20
    assert values(path)["a", 9]["sum"] == 19
    assert read(path)["history"] == []


def test_an_interrupted_run_goes_on_where_it_was(toy, capsys, monkeypatch):
    path = toy()
    write, written = studies.write, []

    def interrupted(*arguments):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(write(*arguments))

    monkeypatch.setattr(studies, "write", interrupted)
    monkeypatch.setattr(os, "_exit", lambda status: sys.exit(status))
    with pytest.raises(SystemExit) as stopped:
        studies.main([])
    assert stopped.value.code == 130
    assert len(read(path)["runs"]) == 3
    monkeypatch.setattr(studies, "write", write)
    ran(capsys)
    assert studies.main([]) == 0
    assert len(ran(capsys)) == 17
    assert len(values(path)) == 20


def test_a_result_replaces_the_file_whole_or_not_at_all(toy, monkeypatch):
    path = toy()
    studies.main([])
    before = path.read_bytes()
    toy(("seed + setting", "2 * seed + setting"))

    def full(self, *arguments):
        with open(self, "w") as file:
            file.write("{")
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no space"):
        studies.run("01_toy")
    assert path.read_bytes() == before


def test_a_damaged_file_is_named_and_left_alone(toy, capsys):
    path = toy()
    assert studies.main(["01_toy"]) == 0
    half = path.read_text()[: path.stat().st_size // 2]
    path.write_text(half)
    assert studies.main(["01_toy"]) == 2
    assert f"{path} is damaged" in capsys.readouterr().err
    assert path.read_text() == half


def test_a_study_that_other_code_has_run_is_older(toy, monkeypatch):
    toy()
    assert studies.main(["01_toy"]) == 0
    assert not studies.is_older("01_toy")
    monkeypatch.setattr(studies, "key_of", lambda name: "another")
    assert studies.is_older("01_toy")


PUBLISHED = sorted(path.stem for path in studies.KEPT.glob("*.json"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_data_are_those_of_a_study_and_whole(name):
    study, record = studies.load(name), nb.load_study(name)
    assert list(record.seeds) == list(study.SEEDS)
    assert record.criterion == study.CRITERION
    assert set(record) == set(study.SETTINGS)
    for measures in record.values():
        assert {len(v) for v in measures.values()} == {len(record.seeds)}


def test_a_changed_criterion_needs_a_new_block_of_seeds(toy, capsys):
    path = toy()
    studies.main([])
    before = path.read_bytes()
    other = ("a is below b", "a is far below b")
    toy(other)
    assert studies.main([]) == 2
    error = capsys.readouterr().err
    assert "another criterion, 'a is below b'" in error
    assert "range(10, 20)" in error
    assert path.read_bytes() == before
    toy(other, ("range(0, 10)", "range(10, 20)"))
    assert studies.main([]) == 0
    record = read(path)
    assert {run["seed"] for run in record["runs"]} == set(range(10, 20))
    used = {"criterion": "a is below b", "seeds": list(range(10))}
    assert record["history"] == [used]
    # Nor is there a way back to seeds whose results are known.
    toy()
    assert studies.main([]) == 2


def test_seeds_that_were_used_before_it_was_a_study_are_refused(toy, capsys):
    toy(("SEEDS", 'EARLIER = {"a is small": range(5)}\nSEEDS'))
    assert studies.main([]) == 2
    assert "[0, 1, 2, 3, 4] by another criterion" in capsys.readouterr().err


def test_seeds_of_trials_do_not_count(toy, capsys):
    toy(("range(0, 10)", "range(95, 105)"))
    assert studies.main([]) == 2
    assert "must be below 100" in capsys.readouterr().err


def test_a_trial_never_sees_the_test_images(toy):
    kept = toy()
    assert studies.main(["--trial"]) == 0
    assert not kept.exists()
    tried = kept.parents[1] / "tried" / "trial" / "01_toy.json"
    assert values(tried) == {
        ("c", 100): {"sum": 103, "images": 1000, "final": 2, "val": 2}
    }
    studies.main([])
    assert values(kept)["a", 0]["final"] == 3


def test_the_quick_form_has_few_images_and_one_seed(toy):
    kept = toy()
    assert studies.main(["--quick"]) == 0
    assert not kept.exists()
    quick = kept.parents[1] / "tried" / "quick" / "01_toy.json"
    assert values(quick).keys() == {("a", 100), ("b", 100)}
    assert values(quick)["a", 100] == {
        "sum": 100,
        "images": studies.FEW,
        "final": 2,
        "val": 2,
    }


def test_no_study_loads_images_by_itself(root):
    for path in (root / "studies").glob("*.py"):
        text = path.read_text()
        assert "load_mnist" not in text, path.name
        assert "read_mnist_bytes" not in text, path.name


@pytest.mark.parametrize("number", ["float('nan')", "1 / (seed - 4)"])
def test_a_task_that_fails_costs_no_other_its_result(toy, capsys, number):
    path = toy(("seed + setting", f"{number} + setting"))
    assert studies.main([]) == 1
    out = capsys.readouterr().out
    assert "seed 4 failed: " in out
    assert len(values(path) if path.exists() else ()) in (0, 18)


def test_a_study_that_measures_too_much_is_refused(toy, capsys):
    many = 'return {f"{i}": seed for i in range(1000)}\n    return {'
    toy(("return {", many))
    assert studies.main([]) == 2
    assert "at most 100000 bytes" in capsys.readouterr().err


def test_a_name_that_is_no_study_is_said(toy, capsys):
    toy()
    assert studies.main(["02_toy"]) == 2
    assert "no study '02_toy': there are ['01_toy']" in (
        capsys.readouterr().err
    )


def test_a_dask_cluster_gives_the_numbers_of_one_machine(toy, monkeypatch):
    path = toy()
    studies.main([])
    wanted = values(path)
    path.unlink()
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=None,
    ) as local:
        monkeypatch.setattr(studies, "workers", WORKERS)
        address = ["--scheduler", local.scheduler_address]
        assert studies.main(address) == 0
        assert values(path) == wanted
        toy(("seed + setting", "2 * seed + setting"))
        monkeypatch.setattr(studies, "work", lambda *_: ("other", {}))
        assert studies.main(address) == 1


def test_an_address_without_a_scheduler_is_named(toy, monkeypatch, capsys):
    toy()
    monkeypatch.setattr(studies, "workers", WORKERS)
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    assert studies.main(["--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in (
        capsys.readouterr().err
    )


WORKERS = studies.workers
