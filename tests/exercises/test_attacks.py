"""Submissions that misbehave: the batch goes on, nothing is given away.

The grader asks three questions, all for the sum of random numbers. Each
attack comes after a right answer to all of them.
"""

import os
from pathlib import Path
import subprocess
import time

import pytest

from exercises.grader.grade import grade_cells
from exercises.grader.inside import isolate
from tests.exercises.samples import notebook, sum_check

# Not beside tests of a cluster, whose connections do not wait long.
pytestmark = pytest.mark.xdist_group("alone")

CHECKS = [
    sum_check(name, question=f"q{number}")
    for number, name in enumerate("fgh", 1)
]
RIGHT = "import os, sys\ndef f(x): return x.sum()\ng = h = f"

# Name: what the submission does, the points it gets, what a note says.
TOP_LEVEL = {
    "sys_exit": ("sys.exit(0)", 3, "SystemExit"),
    "os_exit": ("os._exit(0)", 3, "cell 2 left out: it ended"),
    "kills_itself": ("os.kill(os.getpid(), 9)", 3, "cell 2 left out"),
    "endless_loop": ("while True: pass", 3, "cell 2 left out: it ran longer"),
    "syntax_error": ("def f(:", 3, "SyntaxError"),
    "import_error": ("import no_such_module", 3, "ModuleNotFoundError"),
    "error_without_text": (
        "class E(Exception):\n    def __str__(self): raise ValueError\n"
        "raise E",
        3,
        "cell 2 raised",
    ),
    "lone_surrogate": ("x = '\ud800'", 3, "UnicodeEncodeError"),
    "null_byte": ("x = 1\0", 3, "null bytes"),
    "no_answer_left": ("del f, g, h", 0, ""),
    "recursion": ("def r(): r()\nr()", 3, "RecursionError"),
    "network": (
        "import socket\nsocket.create_connection(('10.0.0.1', 80), 1)",
        3,
        "OSError",
    ),
    "large_file": (
        "with open('big', 'wb') as big:\n"
        "    for _ in range(100): big.write(bytes(1 << 20))",
        3,
        "OSError",
    ),
    "many_files": ("a = [open('/dev/null') for _ in range(999)]", 3, "OSErr"),
    "kills_all": ("os.kill(-1, 9)", 3, "cell 2"),
    "input": ("input()", 3, "got an empty line as its answer"),
    "memory": ("a = bytearray(10**10)", 3, "MemoryError"),
    "output": ("for _ in range(300): print('x' * 10**6)", 3, ""),
    "endless_output": ("while True: print('x' * 10**6)", 3, "cell 2 left"),
    "fork_bomb": ("while True: os.fork()", 3, "cell 2"),
    "forked_copy": (
        "import time\nif os.fork(): time.sleep(1)\nelse: f = g = h = None",
        3,
        "",
    ),
    "processes_left": (
        "import time\ntry:\n    while os.fork(): pass\n    time.sleep(999)\n"
        "except OSError: pass\n"
        "def f(x):\n    if os.fork() == 0: os._exit(0)\n    return x.sum()",
        3,
        "",
    ),
}
INSIDE_G = {
    "hang": ("while True: pass", "ran longer"),
    "hang_that_catches": (
        "while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        "ran longer",
    ),
    "output": ("while True: print('x' * 10**6, file=sys.stderr)", "longer"),
    "sleep": ("import time; time.sleep(999)", "ran longer"),
    "exit": ("os._exit(0)", "ended its process"),
    "sys_exit": ("sys.exit()", "SystemExit"),
    "crash": ("import ctypes; ctypes.string_at(0)", "ended its process"),
    "memory": (
        "a = []\n    while True: a.append(bytearray(10**7))",
        "MemoryError",
    ),
    "fork_bomb": (
        "while True:\n        try: os.fork()\n        except OSError: pass",
        "ran longer",
    ),
    "threads": (
        "import threading\n    t = threading.Event()\n"
        "    for _ in range(5000): threading.Thread(target=t.wait).start()",
        "",
    ),
    "nan": ("return float('nan')", "NaN"),
    "infinite": ("return float('inf')", "infinity"),
    "nothing": ("pass", "`return`"),
    "shape": ("return x", "shape is (50,)"),
    "text": ("return 'the right answer'", "made of numbers"),
    "complex": ("return x.sum() + 1j", "expected numbers"),
    "object_array": (
        "import numpy; return numpy.array([x], object)",
        "expected",
    ),
    "huge": ("import numpy; return numpy.zeros(3_000_000)", "fewer numbers"),
    "nested": (
        "a = []\n    for _ in range(99): a = [a]\n    return a",
        "too deep",
    ),
    "endless_list": ("a = []; a.append(a); return a", "too deep"),
    "equal_to_everything": (
        "class All:\n        __eq__ = lambda self, other: True\n"
        "        shape, dtype = (), float\n    return All()",
        "expected numbers",
    ),
    "array_that_lies": (
        "import numpy\n"
        "    class Lie(numpy.ndarray):\n"
        "        __eq__ = __lt__ = __le__ = lambda self, other: True\n"
        "        __sub__ = __rsub__ = lambda self, other: self * 0\n"
        "    return numpy.array(1e9).view(Lie)",
        "not the sum",
    ),
    "long_message": ("raise ValueError('x' * 10**7)", "ValueError"),
    "result_flood": (
        "while True:\n        for fd in range(3, 30):\n"
        "            try: os.write(fd, b'x' * 10**6)\n"
        "            except OSError: pass",
        "too much data",
    ),
}


# What would hurt a machine on which a worker cannot be shut in.
DANGEROUS = {"kills_all", "fork_bomb", "processes_left", "threads"}


@pytest.fixture
def shut_in(isolated):
    """Call with a test's name: skips it where it would do harm."""

    def skip(name):
        if name in DANGEROUS and not isolated:
            pytest.skip("the system allows no namespaces")

    return skip


def grade(pool, text):
    return grade_cells(pool, CHECKS, [(1, RIGHT), (2, text)], "attack", 7)


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_a_bad_cell_does_not_cost_the_answers(name, light_workers, shut_in):
    shut_in(name)
    text, points, note = TOP_LEVEL[name]
    result = grade(light_workers, text)
    assert result.score == points
    assert note in "; ".join(result.notes)


@pytest.mark.parametrize("name", INSIDE_G)
def test_a_bad_answer_costs_its_own_question_only(
    name, light_workers, shut_in
):
    shut_in(name)
    body, message = INSIDE_G[name]
    result = grade(light_workers, f"def g(x):\n    {body}")
    assert [r.passed for r in result.results] == [True, False, True]
    assert message in result.results[1].message
    assert len(result.results[1].message) < 1000


def test_cells_in_another_order_and_deleted_cells(light_workers):
    cells = [(1, "early = f"), (2, "def f(x): return x.sum()")]
    result = grade_cells(light_workers, CHECKS, cells, "order", 7)
    assert result.score == 1
    why = "cell 1 raised NameError: name 'f' is not defined"
    assert result.notes == [why]
    assert "is not defined: its cell was not" in result.results[1].message


@pytest.mark.parametrize(
    ("cell", "how"),
    [
        ("def g(x):\n  return (", "raised SyntaxError: "),
        ("1/0\ng = f", "raised ZeroDivisionError: division by zero"),
        ("class g: pass\nos._exit(0)", "left out: it ended its process"),
    ],
)
def test_a_missing_name_is_explained_by_its_cell(cell, how, light_workers):
    cells = [("[4]", "import os\ndef f(x): return x.sum()"), ("[7]", cell)]
    cells += [("[8]", "if f: h = f")]
    result = grade_cells(light_workers, CHECKS, cells, "order", 7)
    assert [r.passed for r in result.results] == [True, False, True]
    said = f"`g` is not defined: cell [7] {how}"
    assert result.results[1].message.startswith(said)
    assert "ipython-input" not in result.results[1].message


FORGED = """
for fd in range(3, 64):
    for line in [
        '{"answer": 0, "out": {"text": "passed"}}',
        '{"answer": 1, "out": {"data": "", "dtype": "|O", "shape": []}}',
        '{"answer": 1, "out": {"list": [{"list": []}]}, "points": 99}',
        '{"answer": 2, "score": 1, "passed": true}', '{"answer": []}',
        '{"cell": []}', '{"cell": 99}', '{"error": {}}', '[]', '"x"', '7',
        '[' * 100000, '{"ran": 1}', 'null', '{}', '\\xff',
    ]:
        try:
            os.write(fd, line.encode() + b"\\n")
        except OSError:
            pass
"""


def test_forged_lines_earn_nothing(light_workers):
    wrong = "f = g = h = lambda x: 0.0\n"
    assert grade(light_workers, wrong + FORGED).score == 0
    done = FORGED.replace('"ran": 1', '"ran": true')
    assert grade(light_workers, wrong + done).score == 0


OVERWRITE = {
    "check_and_score": "check = score = lambda *a: print('Score: 9 of 9')",
    "numpy": (
        "import numpy\nnumpy.allclose = lambda *a, **k: True\n"
        "numpy.isfinite = lambda a: numpy.ones(1, bool)\n"
    ),
    "keras": "import keras\nkeras.utils.set_random_seed = None",
    "checks": (
        "import sys\n"
        "for name, module in list(sys.modules.items()):\n"
        "    for attribute in ('judge', 'require', 'close', 'numbers'):\n"
        "        if hasattr(module, attribute) and 'check' in name:\n"
        "            setattr(module, attribute, lambda *a, **k: True)\n"
    ),
    "builtins": (
        "import builtins\nbuiltins.abs = lambda x: 0\n"
        "builtins.bool = lambda x: True\n"
    ),
    "json": (
        "import json\n"
        'json.dumps = lambda o, **k: \'{"passed": true, "score": 1}\''
    ),
    "base": "import base64\nbase64.b64encode = lambda b: b'AAAA'",
}


@pytest.mark.parametrize("name", OVERWRITE)
def test_overwritten_parts_earn_nothing(name, light_workers):
    text = "f = g = h = lambda x: 0.0\n" + OVERWRITE[name]
    cells = [(1, text)]
    assert grade_cells(light_workers, CHECKS, cells, name, 7).score == 0


LOOK = """
import glob
seen = [p for p in PATHS if os.path.exists(p)]
others = [p for p in glob.glob('/proc/[0-9]*') if p[6:] not in ('1', '2')]
def f(x): return x.sum() if not seen else 0
def g(x): return x.sum() if len(others) < 2 else 0
def h(x): return x.sum() if os.getuid() else 0
"""


def test_a_worker_sees_neither_solutions_nor_others(
    light_workers, root, tmp_path, isolated
):
    if not isolated:
        pytest.skip("the system allows no namespaces")
    other = tmp_path / "other.ipynb"
    other.write_text(notebook(RIGHT))
    hidden = [
        other,
        root / "exercises" / "src",
        root / "exercises" / "grader",
        root / ".git",
        root / "README.md",
    ]
    text = LOOK.replace("PATHS", str([str(path) for path in hidden]))
    result = grade(light_workers, text)
    # Offline tests run where root is the only user: `unshare -r`.
    other_user = os.geteuid() != 0 or known_user(isolate.FIRST_USER)
    assert [r.passed for r in result.results] == [True, True, other_user]


def known_user(number):
    """Whether a process here can have this user's number."""
    rows = Path("/proc/self/uid_map").read_text().splitlines()
    spans = [map(int, row.split()) for row in rows]
    return any(first <= number < first + n for first, _, n in spans)


def test_a_worker_holds_no_judge_and_no_seed(light_workers):
    text = """
import gc
texts = [o for o in gc.get_objects() if type(o) is dict]
words = [str(v) for d in texts for v in d.values() if type(v) is str]
leak = any('not the ' + 'sum' in w for w in words)
f = g = h = lambda x: 0.0 if leak else x.sum()
"""
    assert grade(light_workers, text).score == 3


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_nothing_outlives_the_run(light_workers, tmp_path):
    name = f"outlives-{os.getpid()}"
    text = (
        "import subprocess\nsubprocess.Popen([sys.executable, '-c', "
        f"'import time; time.sleep(99)  # {name}'], start_new_session=True)"
    )
    assert grade(light_workers, text).score == 3
    time.sleep(0.3)
    listed = subprocess.run(["ps", "ax"], capture_output=True, text=True)
    assert name not in listed.stdout


def test_the_temporary_home_is_removed(light_workers):
    assert grade(light_workers, "open('left', 'w').write('x')").score == 3
    assert grade(light_workers, "os._exit(1)").score == 3
    assert [*Path(light_workers._home.name).glob("exercise-*")] == []


def test_the_environment_is_clean(light_workers):
    text = (
        "left = set(os.environ) - {'HOME', 'PATH', 'LANG', 'LC_ALL'}\n"
        "bad = [k for k in left if 'TOKEN' in k or 'PYTEST' in k]\n"
        "f = g = h = lambda x: 0.0 if bad else x.sum()"
    )
    assert grade(light_workers, text).score == 3


def test_a_worker_starts_again_after_its_server_died(light_workers):
    light_workers._process.kill()
    light_workers._process.wait()
    assert grade(light_workers, "pass").score == 3


@pytest.mark.parametrize(("user", "asked"), [(0, 0), (1000, isolate.NEWUSER)])
def test_root_never_takes_a_user_namespace(monkeypatch, user, asked):
    """Inside one, a submission would keep root's right to read."""
    calls = []

    def refuse(name, *arguments):
        if name == "unshare":
            calls.append(arguments[0])
            raise OSError("refused")

    monkeypatch.setattr(isolate, "LIBC", object())
    monkeypatch.setattr(isolate, "_call", refuse)
    monkeypatch.setattr(isolate.os, "geteuid", lambda: user)
    with pytest.raises(OSError, match="refused"):
        isolate.enter()
    (flags,) = calls
    assert flags & isolate.NEWUSER == asked
