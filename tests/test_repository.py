"""What holds for the files of the repository."""

import subprocess

import pytest
import yaml


@pytest.fixture(scope="module")
def files(root):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [root / name for name in listed.stdout.splitlines()]


def test_only_the_data_set_is_large(files):
    large = [
        file.name
        for file in files
        if file.stat().st_size > 1_000_000 and file.parent.name != "_outputs"
    ]
    assert large == ["mnist.npz"]
    (mnist,) = [file for file in files if file.name == "mnist.npz"]
    assert mnist.stat().st_size < 12_000_000


def test_measurements_lie_with_what_made_them(files, root):
    folders = {
        str(file.parent.relative_to(root))
        for file in files
        if file.suffix == ".json"
    }
    made = {"benchmarks", "benchmarks/npm", "playground", "exercises"}
    assert folders <= made | {"aecourse/data/studies", "book/_outputs"}


def test_nothing_is_executable_by_accident(files, root):
    executable = [
        str(file.relative_to(root))
        for file in files
        if file.stat().st_mode & 0o111
    ]
    assert executable == [".ci/run"]


def test_no_file_holds_the_address_of_a_registry(files):
    hosts = [
        host + domain
        for host, domain in [
            ("pypi", ".org"),
            ("pythonhosted", ".org"),
            ("registry.npm", "js.org"),
            ("deb.debian", ".org"),
        ]
    ]
    for file in files:
        text = file.read_text(errors="ignore")
        assert not any(host in text for host in hosts), file


def test_one_repository_address(root):
    url = yaml.safe_load((root / "_config.yml").read_text())["repository"][
        "url"
    ]
    for name in ["pyproject.toml", "README.md", "CITATION.cff"]:
        text = (root / name).read_text()
        assert url in text
        assert text.count("github.com/aecourse") == text.count(url)
