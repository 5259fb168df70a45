"""Make the file that Gradescope asks for: grader, source and packages.

The same source and the same installed versions give the same bytes.
"""

from importlib import metadata
from pathlib import Path
import zipfile

from exercises.grader.source import read

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "ipython",
    "keras",
    "markdown-it-py",
    "matplotlib",
    "numpy",
    "pyyaml",
    "rich",
    "scikit-learn",
    "scipy",
    "tensorflow",
)
SETUP = """\
#!/usr/bin/env bash
set -euo pipefail
apt-get update
apt-get install -y python3 python3-venv
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install {pins}
# A submission runs as another user: it cannot read what the answers are.
chmod -R go-rwx /autograder/source/exercises/src
"""
RUN = """\
#!/usr/bin/env bash
set -euo pipefail
cd /autograder/source
export PYTHONPATH=/autograder/source
# Nor can a submission, as that user, write results of its own.
mkdir -p /autograder/results
chmod 700 /autograder/results
grade() {{
    /autograder/venv/bin/python -m exercises.grader {source} \\
        /autograder/submission --jobs 1 --out /autograder/results "$@"
}}
status=0
grade || status=$?
# Status 2: nothing was run. The container may not make namespaces, but it
# holds this submission alone, which runs as another user.
if [ "$status" -eq 2 ]; then
    grade --without-isolation
fi
"""


def write_zip(source, target):
    """Write the autograder for one assignment.

    Parameters
    ----------
    source : path-like
        ``exNN_topic.md``.
    target : path-like
        The zip file.

    Raises
    ------
    SourceError
        If the source breaks the form.
    """
    source, name = Path(source), f"exercises/src/{Path(source).name}"
    read(source)
    pins = " ".join(f"{p}=={metadata.version(p)}" for p in PACKAGES)
    files = {
        "setup.sh": SETUP.format(pins=pins).encode(),
        "run_autograder": RUN.format(source=name).encode(),
        name: source.read_bytes(),
    }
    for pattern in ("exercises/*.py", "exercises/grader/**/*.py"):
        files |= _files(pattern)
    files |= _files("aecourse/**/*.py") | _files("aecourse/data/mnist.npz")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            script = path in ("setup.sh", "run_autograder")
            entry.external_attr = (0o755 if script else 0o644) << 16
            archive.writestr(entry, files[path])


def _files(pattern):
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in ROOT.glob(pattern)
    }
