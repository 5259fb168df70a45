"""show_quiz, and the quizzes of the chapters."""

import ast
import json
import re

from aecourse import show_quiz
from bs4 import BeautifulSoup
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
import nbformat
import pytest
from traitlets.config import Config

from tools import execution

CHAPTERS = execution.notebooks()
EVERY_CHAPTER = pytest.mark.parametrize(
    "path", CHAPTERS, ids=[path.stem for path in CHAPTERS]
)
MARKUP = {"code", "i", "sub", "sup"}


def quiz_cells(path):
    cells = nbformat.read(path, as_version=4).cells
    return [c for c in cells if "quiz" in c.metadata.get("tags", [])]


def questions_of(path):
    """The questions of a chapter, read without running its cell."""
    (cell,) = quiz_cells(path)
    _, questions, call = ast.parse(cell.source).body
    assert ast.unparse(call) == "show_quiz(questions)"
    return ast.literal_eval(questions.value)


def answers_of(questions):
    return [
        answer for question in questions for answer in question["answers"]
    ]


def right(question):
    return [answer.get("correct", False) for answer in question["answers"]]


@EVERY_CHAPTER
def test_it_has_one_quiz(path):
    assert len(quiz_cells(path)) == 1


@EVERY_CHAPTER
def test_the_quiz_stands_folded_after_the_lesson(path):
    cells = nbformat.read(path, as_version=4).cells
    (cell,) = quiz_cells(path)
    assert cell.id == "quiz"
    assert cell.metadata.tags == ["hide-input", "quiz"]
    assert cell.metadata.cellView == "form"
    assert cell.metadata.jupyter.source_hidden
    assert cell.source.startswith("# @title ")
    place = cells.index(cell)
    assert cells[place - 1].source.startswith("## Check yourself\n")
    assert re.match("## (Exercise|Summary)\n", cells[place + 1].source)
    assert "code" not in {after.cell_type for after in cells[place + 1 :]}
    assert max(map(len, cell.source.splitlines())) <= 78


@EVERY_CHAPTER
def test_each_question_is_one_that_jupyterquiz_knows(path):
    questions = questions_of(path)
    assert 4 <= len(questions) <= 6
    for question in questions:
        assert set(question) == {"question", "type", "answers"}
        for answer in question["answers"]:
            keys = {"answer", "correct", "feedback"}
            if question["type"] == "numeric":
                keys = {"type", "value", "correct", "feedback"}
                if answer["type"] == "default":
                    keys = {"type", "feedback"}
            assert set(answer) == keys
        kinds = [a.get("type") for a in question["answers"]]
        if question["type"] == "numeric":
            assert kinds == ["value"] * (len(kinds) - 1) + ["default"]
        expected = {"many_choice": range(2, 9)}.get(question["type"], [1])
        assert sum(right(question)) in expected


@EVERY_CHAPTER
def test_wrong_answers_are_several_and_all_are_explained(path):
    questions = questions_of(path)
    for question in questions:
        assert right(question).count(False) >= 2
        for key in ("answer", "value", "feedback"):
            texts = [a[key] for a in question["answers"] if key in a]
            assert len(texts) == len(set(texts))
    for answer in answers_of(questions):
        assert len(answer["feedback"].split()) >= 3, answer


@EVERY_CHAPTER
def test_the_right_answer_is_not_always_in_the_same_place(path):
    chosen = [q for q in questions_of(path) if q["type"] != "numeric"]
    assert len({right(question).index(True) for question in chosen}) > 1


@EVERY_CHAPTER
def test_the_texts_are_html_without_formulas_or_links(path):
    questions = questions_of(path)
    texts = [question["question"] for question in questions]
    for answer in answers_of(questions):
        texts += [v for k, v in answer.items() if isinstance(v, str)]
    for text in texts:
        soup = BeautifulSoup(text, "html.parser")
        assert {tag.name for tag in soup.find_all()} <= MARKUP, text
        assert soup.decode_contents() == text
        assert not re.search(r"\$|\]\(|\\", text), text


@pytest.fixture
def shell():
    """IPython without a history, as the place where a cell shows things."""
    config = Config()
    config.HistoryManager.enabled = False
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


def shown(questions):
    """The page's part and the script that `show_quiz` displays."""
    with capture_output() as captured:
        assert show_quiz(questions) is None
    assert (captured.stdout, captured.stderr) == ("", "")
    html, script = (output.data for output in captured.outputs)
    return html["text/html"], script["application/javascript"]


QUESTION = {
    "question": "One or two?",
    "type": "multiple_choice",
    "answers": [
        {"answer": "one", "correct": True, "feedback": "So it is."},
        {"answer": "two", "correct": False, "feedback": "Count again."},
    ],
}


@pytest.mark.usefixtures("shell")
def test_show_quiz_closes_what_it_opens():
    html, _ = shown([QUESTION])
    assert html.startswith('<div class="course-quiz">')
    assert html.count("<div") == html.count("</div>") == 2


@pytest.mark.usefixtures("shell")
def test_show_quiz_says_the_verdict_and_leaves_the_questions_alone():
    before = json.dumps(QUESTION)
    _, script = shown([QUESTION])
    assert '"Right. So it is."' in script
    assert '"Not right. Count again."' in script
    assert json.dumps(QUESTION) == before
