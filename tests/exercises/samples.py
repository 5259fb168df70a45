"""A small exercise, and notebooks that somebody might hand in for it."""

import json

SOURCE = """\
---
title: Sums
chapter: 01_theory
minutes: 5
---

Some prose.

```
a fence in the prose
```

```{code-cell}
import numpy as np
```

```{code-cell}
:tags: [answer]
# q1
def total(x):
    ### BEGIN SOLUTION
    return x.sum()
    ### ELSE
    raise NotImplementedError
    ### END SOLUTION
```

```{code-cell}
:tags: [check]
# q1 points=1 name=seen
def probe(ns):
    return ns["total"](np.ones(3))


def judge(out):
    require(close(out, 3), "wrong")
```

```{code-cell}
:tags: [check, hidden]
# q1 points=2 name=held_out
def inputs(rng):
    return {"x": rng.normal(size=3)}


def probe(ns, x):
    return ns["total"](x)


def judge(out, x):
    require(close(out, x.sum()), "wrong")
```

```{code-cell}
:tags: [mutant]
# q1 name=mean defect=D05
def total(x):
    return x.mean()
```
"""
PRIVATE = SOURCE[SOURCE.index("```{code-cell}\n:tags: [check]") :]
PRIVATE = PRIVATE[: PRIVATE.index("```{code-cell}\n:tags: [mutant]")]


def sum_check(function, **changes):
    """A check of a function that must return the sum of an array."""
    code = f"""
def inputs(rng):
    return {{"x": rng.normal(size=50)}}


def probe(ns, x):
    return ns["{function}"](x)


def judge(out, x):
    out = numbers(out, (), "the sum")
    require(close(out, x.sum()), "this is not the sum")
"""
    check = {"question": "q1", "name": "sum", "points": 1, "hidden": False}
    return check | {"code": code} | changes


def notebook(*cells, **changes):
    """The text of a notebook with these code cells."""
    code = [
        {"cell_type": "code", "source": text, "metadata": {}}
        for text in cells
    ]
    return json.dumps({"cells": code, "nbformat": 4} | changes)


RIGHT = "import numpy as np\ndef total(x):\n    return x.sum()"
# A class: the file's content, the score of three points, the reason.
CLASS = {
    "anna": (notebook(RIGHT), 3, ""),
    "more/anna": (notebook(RIGHT.replace("x.sum()", "0.0")), 0, ""),
    "ben": (notebook(RIGHT.replace("sum()", "max() * x.size")), 1, ""),
    "cem": (notebook("!ls\n%pip install x\n" + RIGHT), 3, "installed here"),
    "dora": (
        notebook("def total(x):\n    while True: pass"),
        0,
        "q1: your code ran longer than 2 s",
    ),
    "emil": (notebook("import sys; sys.exit(1)"), 0, "SystemExit"),
    "=1+1": (notebook(RIGHT, "raise ValueError('=1')"), 3, "('=1')' raised"),
    "fay": (notebook(RIGHT)[:-20], 0, "was cut off"),
    "gus": ("", 0, "the file is empty"),
    "hana": (RIGHT, 0, "not valid JSON"),
    "ida": (notebook("def total(x):\n    raise NotImplementedError"), 0, ""),
    "jon": (
        notebook(RIGHT, "while True: pass"),
        3,
        "cell 'while True: pass' left out: it ran",
    ),
    "kai": (notebook(RIGHT, "import os; os._exit(0)"), 3, "left out: it end"),
    "lea": (notebook(RIGHT, "def f(:"), 3, "SyntaxError"),
    "mia": (notebook("x = 1"), 0, ""),
    "nils": (
        notebook("def total(x):\n    return bytearray(10**10)"),
        0,
        "",
    ),
    "olga": (notebook(RIGHT, "print('x' * 10**8)"), 3, ""),
    "pia": (notebook("check = score = print\nprint('Score: 3')"), 0, ""),
    "rosa": (notebook(RIGHT, nbformat=3), 0, "has format 3"),
}
