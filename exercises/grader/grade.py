"""Grade a notebook: ask a worker, judge what it answers.

The worker gets inputs and probes. What a good answer is stays here.
"""

import ast
from dataclasses import dataclass, field
import re
import time

from exercises.grader import submission
from exercises.grader.inside.checks import MAX_TEXT, draw, judge

# A name that a cell defines, at the left of a line.
DEFINED = re.compile(r"^\s*(?:def |class |)(\w+)\s*[(:=]", re.MULTILINE)
MAX_SKIPPED = 3
MAX_NOTES = 20
WITH_PROBLEMS, NOT_GRADED = "graded, with problems", "not graded"
PRIVATE = "failed a check of your teacher's own"


class NotGraded(Exception):
    """A submission could not be graded, through no doing of its own."""


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
    """The outcome for one submission.

    `notes` say what went wrong on the whole, `lost` by question why it gave
    no answer. `file` is the notebook that was graded. What is not graded has
    no score, not the score zero.
    """

    name: str
    results: list
    status: str = "graded"
    notes: list = field(default_factory=list)
    lost: dict = field(default_factory=dict)
    applied: list = field(default_factory=list)
    file: str = ""
    seconds: float = 0.0

    @property
    def score(self):
        """All points earned; None if it is not graded."""
        if self.status == NOT_GRADED:
            return None
        return sum(result.earned for result in self.results)

    @property
    def points(self):
        """All points that could be earned."""
        return sum(result.points for result in self.results)

    def earned(self, question):
        """The points earned in one question; None if it is not graded."""
        if self.status == NOT_GRADED:
            return None
        mine = [r for r in self.results if r.question == question]
        return sum(result.earned for result in mine)

    @property
    def reasons(self):
        """All that went wrong, in one list."""
        return self.notes + [f"{q}: {why}" for q, why in self.lost.items()]


def grade_file(pool, checks, path, name, seed, exercise=None):
    """Grade a notebook; whatever it holds, this returns a grade.

    Parameters
    ----------
    pool : Pool or Cluster
        Runs what it holds.
    checks : list of dict
        The checks, as `Exercise.checks` gives them.
    path : path-like
        The notebook, or a folder with it.
    name : str
        How the submission is called in the results.
    seed : int
        Of the random inputs.
    exercise : str, optional
        The name of the exercise.

    Returns
    -------
    Grade
    """
    start = time.monotonic()
    try:
        found = submission.read(path, exercise)
        grade = grade_cells(pool, checks, found.cells, name, seed)
        grade.file = found.file
        if found.notes:
            grade.notes[:0] = found.notes
            grade.status = WITH_PROBLEMS
    except submission.SubmissionError as error:
        grade = Grade(name, _failed(checks), "not read", [f"{error}"])
    except NotGraded as error:
        grade = Grade(name, _failed(checks), NOT_GRADED, [f"{error}"])
    except (Exception, SystemExit) as error:
        # Nothing that one submission does costs another its row.
        text = f"the grader failed: {type(error).__name__}: {error}"
        grade = Grade(name, _failed(checks), NOT_GRADED, [text[:MAX_TEXT]])
    grade.seconds = time.monotonic() - start
    return grade


def grade_cells(pool, checks, cells, name, seed):
    """Grade code cells, a list of (label, text).

    Raises
    ------
    NotGraded
        If they could not be run.
    """
    drawn = {key_of(check): draw(check, seed) for check in checks}
    # Private ones come last, when no word of the learner's is passed on.
    ordered = sorted(checks, key=is_private)
    tasks = {
        key_of(check): {
            "name": check["name"],
            "code": probe_of(check["code"]),
            "seed": drawn[key_of(check)][0],
            "inputs": drawn[key_of(check)][1],
            "group": (check["question"], is_private(check)),
        }
        for check in ordered
    }
    answers, missing, lost, notes, applied = _collect(pool, cells, tasks)
    results = []
    for check in checks:
        key = key_of(check)
        out, message = answers.get(key, (None, None))
        if key not in answers:
            message = lost.get(check["question"], "no answer came back")
        passed = False
        if message is None:
            passed, message = judge(check, out, drawn[key][1])
        said = message.partition(": ")[0]
        if said in missing:
            message = f"{said}: {missing[said]}"
        if not passed and is_private(check) and message not in words(check):
            message = PRIVATE
        results.append(_result(check, passed, message[:MAX_TEXT]))
    status = WITH_PROBLEMS if notes or lost else "graded"
    return Grade(name, results, status, notes, lost, applied)


def key_of(check):
    """What a check is found by: its question and its name."""
    return check["question"], check["name"]


def is_private(check):
    """Whether it is from the teacher's own file."""
    return check.get("private", False)


def words(check):
    """The texts that stand in a check, not made by it from an answer."""
    parts = ast.walk(ast.parse(check["code"]))
    constants = [part for part in parts if isinstance(part, ast.Constant)]
    return {one.value for one in constants if isinstance(one.value, str)}


def _collect(pool, cells, tasks):
    """Run, and after a crash or a hang run again without its cause.

    A group of tasks, those of a question, that does not come back is left
    out the second time, so that it does not cost the others; so is a cell,
    up to `MAX_SKIPPED` of them.
    """
    answers, errors, lost, skipped, applied = {}, {}, {}, {}, []
    changed = {}
    waiting = list(dict.fromkeys(task["group"] for task in tasks.values()))
    while waiting:
        left = [cell for cell in cells if cell[0] not in skipped]
        mine = {
            key: task
            for key, task in tasks.items()
            if task["group"] in waiting and key not in answers
        }
        run = pool.run(left, mine)
        if run.failed:
            raise NotGraded(run.failed)
        answers = run.answers | answers
        errors = run.errors | errors
        changed = run.notes | changed
        applied = run.applied or applied
        if not run.ended:
            break
        if run.group in waiting:
            lost.setdefault(run.group[0], f"your code {run.ended}")
            later = waiting[waiting.index(run.group) + 1 :]
            waiting = [group for group in later if group[0] not in lost]
        elif run.cell is not None and len(skipped) < MAX_SKIPPED:
            if run.cell in skipped:
                break
            skipped[run.cell] = run.ended
        else:
            reason = f"the notebook {run.ended}"
            lost |= {question: reason for question, _ in waiting}
            break
    failed = {name: f"left out: it {why}" for name, why in skipped.items()}
    for name, text in errors.items():
        text = text.removeprefix("your code raised ")
        failed.setdefault(name, f"raised {text}")
    notes = [f"cell {name} {how}" for name, how in failed.items()]
    notes += [
        f"cell {name}: {text}" for name in changed for text in changed[name]
    ]
    more = len(notes) - MAX_NOTES
    if more > 0:
        notes[MAX_NOTES:] = [f"and {more} more"]
    missing = _missing(cells, failed)
    return answers, missing, lost, notes, applied


def _missing(cells, failed):
    """Why a name is not defined: how the cell failed that would do it."""
    return {
        f"`{name}` is not defined": f"cell {label} {failed[label]}"
        for label, text in cells
        if label in failed
        for name in DEFINED.findall(text)
    }


def probe_of(code):
    """The probe of a check without its inputs and its judge."""
    tree = ast.parse(code)
    tree.body = [part for part in tree.body if part.name == "probe"]
    return ast.unparse(tree)


def _result(check, passed, message):
    known = [check[k] for k in ("question", "name", "points", "hidden")]
    return Result(*known, passed, message)


def _failed(checks):
    return [_result(check, False, "") for check in checks]
