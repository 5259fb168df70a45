"""The grader does what Jupyter does: both execute the same cells."""

import json
import textwrap

import nbclient
import nbformat
import pytest

from exercises.grader import pool
from exercises.grader.build import notebooks
from exercises.grader.grade import grade_file
from exercises.grader.source import read
from tests.exercises.samples import notebook

# Cells, an expression, and what it is afterwards, in Jupyter as here. Cells
# are parted by a line of dashes; what ends one of them is part of the case.
SAME = {
    "plain": ("a1 = 1", "a1", 1),
    "display": ("display(1)\na2 = 2", "a2", 2),
    "get_ipython": ("get_ipython()\na3 = 3", "a3", 3),
    "shell_value": ("a4 = !echo 3; echo 4", "list(a4)", ["3", "4"]),
    "shell_value_number": ("n = !nproc\na5 = int(n[0]) > 0", "a5", True),
    "shell_with_names": ("w = 'x y'\na6 = !echo {w} $w", "a6.s", "x y x y"),
    "shell_status": ("!exit 3", "_exit_code", 3),
    "shell_background": ("a7 = 1\n!sleep 0 &\na7 = 2", "a7", 1),
    "shell_block": ("for i in [1]:\n    !echo\n    a8 = 1", "a8", 1),
    "timeit_value": ("t = %timeit -o -n1 -r1 1\na9 = t.best < 9", "a9", True),
    "timeit_cell": ("%%timeit -n1 -r1\nb1 = 1", "'b1' in globals()", False),
    "time_statement": ("%time b2 = 1", "b2", 1),
    "time_cell": ("%%time\nb3 = 1\ndef f(): return b3", "f()", 1),
    "time_cell_fails": ("%%time\nb4 = 1\n1/0\nb4 = 2", "b4", 1),
    "prun": ("%%prun -q\nb5 = 1\ndef f5(): return 5", "f5() + b5", 6),
    "capture": (
        "%%capture out\nb6 = 1\nprint(3)",
        "out.stdout, b6",
        ["3\n", 1],
    ),
    "continued_pip": ("!echo -q \\\n  more\nb7 = 1", "b7", 1),
    "percent": ("%matplotlib inline\nb8 = ('%d'\n% 3)", "b8", "3"),
    "await": ("import asyncio\nawait asyncio.sleep(0)\nb9 = 1", "b9", 1),
    "await_value": ("async def g(): return 7\nc1 = await g()", "c1", 7),
    "async_for": (
        "async def h():\n    yield 3\nasync for c2 in h(): pass",
        "c2",
        3,
    ),
    "running_loop": (
        "import asyncio\nc3 = asyncio.get_running_loop().is_running()",
        "c3",
        True,
    ),
    "asyncio_run": (
        "import asyncio\nc4 = 1\nasync def g(): pass\n"
        "asyncio.run(g())\nc4 = 2",
        "c4",
        1,
    ),
    "task": (
        "import asyncio\nasync def g(): return 3\n"
        "task = asyncio.create_task(g())\n---\nc5 = await task",
        "c5",
        3,
    ),
    "indented": ("  c6 = 1\n  c7 = 2", "c6 + c7", 3),
    "prompts": (">>> def f8():\n...     return 8\n>>> c8 = f8()", "c8", 8),
    "in_prompts": ("In [1]: c9 = 9", "c9", 9),
    "writefile": ("%%writefile h1.py\nv = 4\n---\nfrom h1 import v", "v", 4),
    "writefile_appends": (
        "%%writefile h2.txt\na\n---\n%%writefile -a h2.txt\nb\n---\n"
        "d1 = open('h2.txt').read()",
        "d1",
        "a\nb\n",
    ),
    "names_of_the_grader": (
        "%%writefile shell.py\nv = 5\n---\n%%file checks.py\nv = 6\n---\n"
        "import checks, shell\nd2 = shell.v, checks.v",
        "d2",
        [5, 6],
    ),
    "bash": ("%%bash\necho 3 > h3\n---\nd3 = open('h3').read()", "d3", "3\n"),
    "bash_out": ("%%bash --out d4\necho 4", "d4", "4\n"),
    "python_cell": ("%%python3\nd5 = 1", "'d5' in globals()", False),
    "html": ("%%html\n<b>a</b>\n---\nd6 = 1", "d6", 1),
    "question": ("len?\nd7 = 1", "d7", 1),
    "question_first": ("?len\n??json\nd8 = 1", "d8", 1),
    "out": ("d9 = 8\nd9 + 1\n---\ne1 = _", "e1", 9),
    "underscore": ("7\n---\n6\n---\ne2 = _ + __", "e2", 13),
    "silent": ("5\n---\n4;\n---\ne3 = _", "e3", 5),
    "magic_in_string": ("e4 = '''\n%time\n!ls\n'''", "e4", "\n%time\n!ls\n"),
    "magic_in_brackets": ("e5 = [\n7\n%4\n]", "e5", [3]),
    "magic_in_function": (
        "def f6():\n    %time x = 3\n    return 6\ne6 = f6()",
        "e6",
        6,
    ),
    "magic_value": ("e7 = %pwd\ne7 = type(e7).__name__", "e7", "str"),
    "automagic_is_no_name": ("ls = 4\nls", "ls", 4),
    "env": ("%env E8=3\nimport os\ne8 = os.environ['E8']", "e8", "3"),
    "cd_to_nowhere": ("%cd /no/such\ne9 = 1", "e9", 1),
    "autoreload": ("%load_ext autoreload\n%autoreload 2\nf1 = 1", "f1", 1),
    "run_cell": ("get_ipython().run_cell('f2 = 2')", "f2", 2),
    "run_line": ("get_ipython().run_line_magic('time', 'f3 = 3')", "f3", 3),
    "old_magic": ("get_ipython().system('true')\nf4 = 1", "f4", 1),
    "error": ("g1 = 1\n1/0\ng1 = 2", "g1", 1),
    "error_in_the_middle": ("1/0\n---\ng2 = 2", "g2", 2),
    "syntax_error": ("g3 = 1\n---\ng3 = 2\ndef f(:", "g3", 1),
    "no_such_file": ("g4 = 1\nopen('no/such')\ng4 = 2", "g4", 1),
    "caught_import": (
        "try:\n    import nowhere\nexcept ImportError:\n    g5 = 5",
        "g5",
        5,
    ),
    "several_imports": ("import os, json as g6\ng6 = g6.dumps(1)", "g6", "1"),
    "dotted_import": (
        "import os.path as p, xml.dom\ng7 = p.sep + xml.dom.__name__",
        "g7",
        "/xml.dom",
    ),
    "star_import": ("from math import *\ng8 = floor(2.5)", "g8", 2),
    "import_then_value": (
        "import math\nmath.floor(3.5)\n---\ng9 = _",
        "g9",
        3,
    ),
    "future": (
        "from __future__ import annotations\ndef f(x: nix): pass\nh1 = 1",
        "h1",
        1,
    ),
    "source": (
        "import inspect\ndef f(x):\n    return x\nh2 = inspect.getsource(f)",
        "h2",
        "def f(x):\n    return x\n",
    ),
    "class_of_main": (
        "import pickle\nclass K: pass\nh3 = pickle.loads(pickle.dumps(K))",
        "h3 is K",
        True,
    ),
    "main": ("h4 = __name__", "h4", "__main__"),
    "figures_are_closed": (
        "import matplotlib.pyplot as plt\nplt.plot([1])\n---\n"
        "h5 = plt.get_fignums()",
        "h5",
        [],
    ),
    "unicode": ("größe = 3\nh6 = größe", "h6", 3),
    "form_feed_and_crlf": ("h7 = 1\r\nh7 = 2\r\n", "h7", 2),
    "empty": ("\n  \n# nothing\n---\nh8 = 1", "h8", 1),
}
# As above; here more is done than in Jupyter, which a note says.
MORE = {
    "pip": ("%pip install x\na1 = 1", "a1", 1, "nothing is installed"),
    "pip_lines": ("!pip install -q \\\n  x\na2 = 1", "a2", 1, "installed"),
    "pip_value": ("a3 = !python -m pip list", "list(a3)", [], "installed"),
    "apt": ("!sudo apt-get install -y x\na4 = 1", "a4", 1, "installed"),
    "shell_fails": ("!cat nix\na5 = 1", "a5", 1, "`!cat nix` ended with sta"),
    "unknown": ("%tensorflow_version 2.x\na6 = 1", "a6", 1, "no such magic"),
    "unknown_cell": (
        "a7 = 1\n---\n%%shell\na7 = 2",
        "a7",
        1,
        "no magic %%sh",
    ),
    "tqdm": (
        "from tqdm.auto import tqdm\nimport os\na8 = os.sep",
        "a8",
        "/",
        "No module named 'tqdm'; there are aecourse",
    ),
    "one_of_two": ("import nix, os\na9 = os.sep", "a9", "/", "'nix'"),
    "one_name_of_two": ("from os import nix, sep as b1", "b1", "/", "'nix'"),
    "timed": ("%%time\nimport nix\nb2 = 1", "b2", 1, "'nix'"),
    "colab": (
        "from google.colab import drive\ndrive.mount('/content')\nb3 = 1",
        "b3",
        1,
        "its import failed",
    ),
    "later_cell": ("import nix2\n---\nnix2.go()\nb4 = 1", "b4", 1, "'nix2'"),
    "chdir": (
        "import os\nos.chdir('/content')\nb5 = 1",
        "b5",
        1,
        "empty fol",
    ),
    "input": ("b6 = input('how many? ')", "b6", "", "input('how many? ')"),
    "getpass": ("import getpass\nb7 = getpass.getpass()", "b7", "", "input("),
    "exit": (
        "exit()\nb8 = 1\n---\nquit\n---\nb9 = 1",
        "b8 + b9",
        2,
        "`exit`",
    ),
}


def cells_of(table):
    """The cells of all cases, and after each one that keeps what it gave."""
    cells = ["import json, os, sys\nseen = {}"]
    for name, (text, expression, *_) in table.items():
        cells += text.split("\n---\n")
        cells.append(f"seen[{name!r}] = {expression}")
    return [*cells, "print(json.dumps(seen))"]


def in_jupyter(cells, folder):
    """What a real kernel prints when it executes the last cell."""
    new = nbformat.v4
    book = new.new_notebook(cells=[new.new_code_cell(c) for c in cells])
    nbclient.NotebookClient(
        book,
        timeout=120,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    texts = [out.text for out in book.cells[-1].outputs if "text" in out]
    return json.loads("".join(texts))


@pytest.fixture(scope="module")
def in_grader(light_package):
    """Executes cells in a worker: returns the names' text, and the run."""
    code = (
        "def probe(ns):\n    import json\n    return json.dumps(ns['seen'])"
    )
    code = code.replace("json.dumps(ns['seen'])", "json.dumps(ns['seen'])")

    def execute(cells):
        parts = "def probe(ns):\n    import json\n"
        parts += (
            "    return [json.dumps({k: v}) for k, v in ns['seen'].items()]"
        )
        task = {"name": "a", "code": parts, "seed": 1, "inputs": {}}
        numbered = list(enumerate(cells, 1))
        run = workers.run(numbered, {"a": task | {"group": ("q1", False)}})
        assert not run.ended + run.failed
        out, message = run.answers["a"]
        assert message is None
        seen = {}
        for part in out:
            seen |= json.loads(part)
        return seen, run

    with pool.Pool(timeout=120, memory=1, package=light_package) as workers:
        yield execute


def test_a_worker_does_what_jupyter_does(tmp_path, in_grader):
    cells = cells_of(SAME)
    expected = {name: value for name, (*_, value) in SAME.items()}
    there = in_jupyter(cells, tmp_path)
    assert there == expected
    here, _ = in_grader(cells)
    assert here == expected


def test_a_worker_goes_on_where_jupyter_would_not(in_grader):
    cells = cells_of(MORE)
    here, run = in_grader(cells)
    assert here == {name: value for name, (_, _, value, _) in MORE.items()}
    number, missing = 1, {}
    for name, (text, *_, note) in MORE.items():
        last = number + len(text.split("\n---\n")) + 1
        noted = [t for n in range(number, last) for t in run.notes.get(n, [])]
        missing |= {} if note in " ".join(noted) else {name: noted}
        number = last
    assert missing == {}


# Ways to write question 1 of chapter 5's exercise that Jupyter takes: code
# that comes before the answer in its cell, or what is done to the cell.
BEFORE = {
    "display": "display(1)",
    "get_ipython": "get_ipython()",
    "shell_value": "n = !nproc",
    "files": "files = !ls",
    "timeit_value": "t = %timeit -o 1",
    "time": "%time A = 1",
    "pip_over_lines": "!pip install -q \\\n    tqdm",
    "pip_magic": "%pip install -q tqdm",
    "percent": "%matplotlib inline\nprint('%d'\n% 3)",
    "await": "import asyncio\nawait asyncio.sleep(0)",
    "input": "name = input()",
    "tqdm": "from tqdm.auto import tqdm\nimport math",
    "colab": "from google.colab import drive\ndrive.mount('/content')",
    "chdir": "import os\nos.chdir('/content')",
    "mnist": "(x, _), _ = keras.datasets.mnist.load_data()\n"
    "assert x.shape == (60000, 28, 28)",
    "auto_graph": "import tensorflow as tf\n@tf.function\ndef f(x):\n"
    "    if tf.reduce_sum(x) > 0:\n        return x\n    else:\n"
    "        return -x\nassert f(tf.constant(-3.0)) == 3",
}
CHANGES = {
    "as_it_is": lambda text: text,
    "prun": lambda text: f"%%prun\n{text}",
    "time_cell": lambda text: f"%%time\n{text}",
    "capture": lambda text: f"%%capture\n{text}",
    "indented": lambda text: textwrap.indent(text, "  "),
    "prompts": lambda text: textwrap.indent(text, "... ").replace(
        "... ", ">>> ", 1
    ),
    "file": lambda text: (
        f"%%writefile h.py\nfrom keras import ops\n{text}\n---\n"
        "from h import kl_penalty"
    ),
    **{
        name: (lambda text, code=code: f"{code}\n{text}")
        for name, code in BEFORE.items()
    },
}


@pytest.fixture(scope="module")
def handed_out(sources):
    """Chapter 5's exercise, and its solution's cells up to question 1."""
    where = {"url": "https://github.com/a/b", "branch": "main"}
    path = sources / "ex05_sparse.md"
    cells = json.loads(notebooks(path, where)[1])["cells"]
    texts = {
        cell["id"]: "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code"
    }
    names = list(texts)
    names = names[: names.index("q1-check") + 1]
    return read(path), {name: texts[name] for name in names}


def points(workers, exercise, cells, path):
    """The points for question 1, and what is said about the cells."""
    path.write_text(notebook(*cells))
    checks = [c for c in exercise.checks if c["question"] == "q1"]
    grade = grade_file(workers, checks, path, "a", 2, exercise.name)
    assert grade.points == exercise.points("q1")
    return grade.score, grade.reasons


def test_every_way_to_write_an_answer_gets_its_points(
    workers, handed_out, tmp_path
):
    exercise, texts = handed_out
    answer = next(name for name in texts if name.startswith("q1-"))
    rest = [text for name, text in texts.items() if name != answer]
    wrong = {}
    for name, change in CHANGES.items():
        cells = rest[:-1] + change(texts[answer]).split("\n---\n") + rest[-1:]
        score, reasons = points(
            workers, exercise, cells, tmp_path / "a.ipynb"
        )
        if score != exercise.points("q1") or any(
            "raised" in reason for reason in reasons
        ):
            wrong[name] = score, reasons
    assert wrong == {}


@pytest.mark.parametrize("below", [True, False])
def test_code_in_the_cell_of_the_checks_is_kept(
    workers, handed_out, tmp_path, below
):
    exercise, texts = handed_out
    checks = texts["checks"]
    others = "\n".join(
        text
        for name, text in texts.items()
        if name not in ("setup", "checks")
    )
    others = others.replace('check("q1")', "json.dumps(1)" if below else "")
    cell = f"{checks}\n{others}" if below else f"{others}\n{checks}"
    assert points(workers, exercise, [cell], tmp_path / "a.ipynb") == (
        exercise.points("q1"),
        [],
    )
