"""The texts that every exercise notebook starts with."""

SETUP = """\
# Colab only: your own machine has aecourse already.
import importlib.util

if importlib.util.find_spec("aecourse") is None:
    %pip install -q "aecourse @ git+{url}@{branch}\""""
COLAB = "https://colab.research.google.com/github"
MARK = "# Run this cell first: it loads the checks."
CHECKS = (
    MARK
    + """
import base64
import json
import types

# The program that runs the checks.
program = r'''
{program}'''

# The checks, encoded so that you do not read an answer by accident. This is
# no secret: whoever decodes them has them.
encoded = \"\"\"
{encoded}
\"\"\"
checks = types.ModuleType("checks")
exec(program, checks.__dict__)
check, score = checks.commands(
    json.loads(base64.b64decode(encoded)), globals()
)
"""
)
OPENING = """\
# Exercise {number}: {title}

[Open in Colab]({colab}/{slug}/blob/{branch}/exercises/{name}.ipynb) ·
[the chapter]({url}/blob/{branch}/book/{chapter}.ipynb)

**{points} points** in {count} questions ({each}), about {minutes} minutes.

Run the cells from the top. Where a cell says `raise NotImplementedError`, \
put your code in its place. `check("q1")` then runs the visible
checks of question 1, and the last cell, `score()`, runs all checks on other \
random inputs, with some that you have not seen. You may add cells,
import what you like and use other names inside your functions; the names \
that the text gives must stay.

**Hand in** this notebook, saved as `{name}.ipynb`. Only what it defines \
counts: it is executed afresh, from the top."""
