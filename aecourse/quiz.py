"""Quizzes: jupyterquiz, mended so that everybody can answer them anywhere.

jupyterquiz draws the questions in a notebook and on the built page alike. So
what it lacks is mended here, in `quiz.css` and in `quiz.js`, for both.
"""

from pathlib import Path

from aecourse.checks import check_choice
from IPython.display import HTML, Javascript, display
from IPython.utils.capture import capture_output

KINDS = ("multiple_choice", "many_choice", "numeric")

# The text and the background of the page, whatever its theme; for a judged
# answer a green and an orange on which white has a contrast of 7 to 1.
COLORS = {
    "--jq-multiple-choice-bg": "transparent",
    "--jq-many-choice-bg": "transparent",
    "--jq-numeric-bg": "transparent",
    "--jq-numeric-input-bg": "transparent",
    "--jq-numeric-input-shadow": "transparent",
    "--jq-numeric-input-label": "currentcolor",
    "--jq-mc-button-bg": "transparent",
    "--jq-mc-button-border": "currentcolor",
    "--jq-mc-button-inset-shadow": "transparent",
    "--jq-text-color": "currentcolor",
    "--jq-correct-color": "#00634a",
    "--jq-incorrect-color": "#983800",
}


def show_quiz(questions):
    """Show questions that a reader answers by mouse, touch or keyboard.

    Each answer is judged at once, and its feedback says why it is right or
    wrong. Nothing is recorded, and nothing is loaded from another host.

    Parameters
    ----------
    questions : list of dict
        In the form of jupyterquiz: 'question', 'type' ('multiple_choice',
        'many_choice' or 'numeric') and 'answers', a list of dict with
        'feedback' and, but for the default of a numeric question, 'correct'.
        Texts are HTML, and formulas are written in Unicode.

    Raises
    ------
    ValueError
        If a type is unknown, of which jupyterquiz would draw nothing.

    References
    ----------
    jupyterquiz, https://github.com/jmshea/jupyterquiz
    """
    for i, question in enumerate(questions):
        check_choice(f"questions[{i}]['type']", question["type"], KINDS)
    from jupyterquiz import display_quiz

    with capture_output() as captured:
        display_quiz(
            [_judged(question) for question in questions],
            shuffle_answers=False,
            max_width=720,
            colors=COLORS,
        )
    html, script = (output.data for output in captured.outputs)
    style, mend = (
        Path(__file__).with_name(name).read_text("utf-8")
        for name in ("quiz.css", "quiz.js")
    )
    # jupyterquiz leaves its box open, and the rest of a page would end in it.
    box = f"{html['text/html']}</div><style>\n{style}</style>"
    display(HTML(f'<div class="course-quiz">{box}</div>'))
    # It typesets with MathJax, and where it finds another one than it knows
    # it loads one from a foreign host. Between these braces there is none.
    library = script["application/javascript"]
    display(Javascript(f"{{\nconst MathJax = undefined;\n{library}{mend}}}"))


def _judged(question):
    """The question, with feedback that begins with the verdict in words."""
    answers = []
    for answer in question["answers"]:
        verdict = "Right." if answer.get("correct") else "Not right."
        answers.append(
            answer | {"feedback": f"{verdict} {answer['feedback']}"}
        )
    return question | {"answers": answers}
