"""Grade a notebook: ask a worker, judge what it answers.

The worker gets inputs and probes. What a good answer is stays here.
"""

import ast
from dataclasses import dataclass, field
import time

from exercises.grader.inside.checks import draw, judge
from exercises.grader.submission import SubmissionError, read_cells

MAX_SKIPPED = 3


@dataclass
class Result:
    """How one check ended."""

    question: str
    name: str
    points: int
    hidden: bool
    passed: bool
    message: str

    @property
    def earned(self):
        """The points that were earned."""
        return self.points if self.passed else 0


@dataclass
class Grade:
    """The outcome for one submission; `notes` say what went wrong."""

    name: str
    results: list
    status: str = "graded"
    notes: list = field(default_factory=list)
    applied: list = field(default_factory=list)
    seconds: float = 0.0

    @property
    def score(self):
        """All points earned."""
        return sum(result.earned for result in self.results)

    @property
    def points(self):
        """All points that could be earned."""
        return sum(result.points for result in self.results)

    def earned(self, question):
        """The points earned in one question."""
        mine = [r for r in self.results if r.question == question]
        return sum(result.earned for result in mine)


def grade_file(pool, checks, path, name, seed):
    """Grade a notebook; whatever it holds, this returns a grade.

    Parameters
    ----------
    pool : Pool or Cluster
        Runs what it holds.
    checks : list of dict
        The checks, as `Exercise.checks` gives them.
    path : path-like
        The notebook.
    name : str
        How the submission is called in the results.
    seed : int
        Of the random inputs.

    Returns
    -------
    Grade
    """
    start = time.monotonic()
    try:
        grade = grade_cells(pool, checks, read_cells(path), name, seed)
    except SubmissionError as error:
        reason = str(error)
        grade = Grade(name, _failed(checks, reason), "not read", [reason])
    grade.seconds = time.monotonic() - start
    return grade


def grade_cells(pool, checks, cells, name, seed):
    """Grade code cells, a list of (number, text)."""
    drawn = {(c["question"], c["name"]): draw(c, seed) for c in checks}
    tasks = {
        (c["question"], c["name"]): {
            "code": probe_of(c["code"]),
            "seed": drawn[c["question"], c["name"]][0],
            "inputs": drawn[c["question"], c["name"]][1],
        }
        for c in checks
    }
    answers, lost, notes, applied = _collect(pool, cells, tasks)
    results = []
    for check in checks:
        key = check["question"], check["name"]
        out, message = answers.get(key, (None, None))
        if key not in answers:
            message = lost.get(key[0], "no answer came back")
        passed = False
        if message is None:
            passed, message = judge(check, out, drawn[key][1])
        shown = [check[k] for k in ("question", "name", "points", "hidden")]
        results.append(Result(*shown, passed, message))
    status = "graded, with problems" if notes else "graded"
    return Grade(name, results, status, notes, applied)


def _collect(pool, cells, tasks):
    """Run, and after a crash or a hang run again without its cause.

    A question that does not come back is left out the second time, so that
    it does not cost the others; so is a cell, up to `MAX_SKIPPED` of them.
    """
    answers, errors, lost, skipped, applied = {}, {}, {}, {}, []
    waiting = list(dict.fromkeys(question for question, _ in tasks))
    while waiting:
        left = [cell for cell in cells if cell[0] not in skipped]
        mine = {
            key: task
            for key, task in tasks.items()
            if key[0] in waiting and key not in answers
        }
        run = pool.run(left, mine)
        answers = run.answers | answers
        errors = run.errors | errors
        applied = run.applied or applied
        if not run.ended:
            break
        if run.question in waiting:
            lost[run.question] = f"your code {run.ended}"
            waiting = waiting[waiting.index(run.question) + 1 :]
        elif run.cell is not None and len(skipped) < MAX_SKIPPED:
            if run.cell in skipped:
                break
            skipped[run.cell] = run.ended
        else:
            reason = f"the notebook {run.ended}"
            lost |= dict.fromkeys(waiting, reason)
            break
    notes = [f"cell {n} raised: {text}" for n, text in errors.items()]
    notes += [f"cell {n} left out: it {why}" for n, why in skipped.items()]
    notes += [f"{question}: {why}" for question, why in lost.items()]
    return answers, lost, notes, applied


def probe_of(code):
    """The probe of a check without its inputs and its judge."""
    tree = ast.parse(code)
    tree.body = [part for part in tree.body if part.name == "probe"]
    return ast.unparse(tree)


def _failed(checks, reason):
    keys = ("question", "name", "points", "hidden")
    return [Result(*(c[k] for k in keys), False, reason) for c in checks]
