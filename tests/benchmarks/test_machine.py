"""On what was measured, and what may be added to a measurement."""

import json
import os

import pytest

from benchmarks import machine


def test_cores_are_those_that_may_be_used(monkeypatch):
    assert 1 <= machine.cores() <= os.cpu_count()
    # As on macOS.
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert machine.cores() == os.cpu_count()
    assert machine.machine()["cores"] == os.cpu_count()


@pytest.fixture
def file(tmp_path):
    """Two rounds that were measured here."""
    path = tmp_path / "data.json"
    new = machine.described("keras", "numpy") | {"rounds": [1, 2]}
    path.write_text(json.dumps(new))
    return path


def test_rounds_of_the_same_machine_and_versions_are_kept(file):
    new = machine.described("keras", "pillow") | {"rounds": []}
    found = machine.resume(file, new, "rounds")
    assert found["rounds"] == [1, 2]
    assert found["versions"].keys() == {"python", "keras", "numpy", "pillow"}


@pytest.mark.parametrize(
    ("key", "name"), [("machine", "cores"), ("versions", "keras")]
)
def test_rounds_of_others_are_not_appended_to(file, key, name):
    new = machine.described("keras") | {"rounds": []}
    new[key][name] = "another"
    before = file.read_bytes()
    with pytest.raises(ValueError, match=f"{name} .* here it is 'another'"):
        machine.resume(file, new, "rounds")
    assert file.read_bytes() == before
