"""The quizzes on the built pages, answered as a person would."""

import ast

from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
import nbformat
import pytest

from tools import execution

JUDGED = {True: "Right. ", False: "Not right. "}


def quiz_of(path):
    """The questions of a chapter; None if it has no quiz."""
    for cell in nbformat.read(path, as_version=4).cells:
        if "quiz" in cell.metadata.get("tags", []):
            questions = ast.parse(cell.source).body[1]
            return ast.literal_eval(questions.value)
    return None


QUIZZES = {p.stem: quiz_of(p) for p in execution.notebooks() if quiz_of(p)}
FIRST = min(QUIZZES)


def text_of(html):
    return BeautifulSoup(html, "html.parser").text


@pytest.fixture(scope="module")
def open_page(site, browser):
    """Opens pages, and collects what is wrong with them."""
    opened = []

    def open_page(name, **options):
        tab = browser.new_page(**options)
        # A busy machine needs long to typeset a chapter.
        tab.set_default_timeout(180_000)
        opened.append(tab)
        tab.complaints = []
        complain = tab.complaints.append
        tab.on("console", lambda m: m.type == "log" or complain(m.text))
        tab.on("pageerror", lambda error: complain(str(error)))
        tab.on(
            "request",
            lambda request: (
                request.url.startswith((site, "data:"))
                or complain(request.url)
            ),
        )
        tab.goto(f"{site}/book/{name}.html")
        return tab

    yield open_page
    for tab in opened:
        tab.close()


@pytest.fixture(scope="module", params=QUIZZES)
def chapter(request, open_page):
    """A page with a quiz, and its questions, beside their places."""
    tab = open_page(request.param)
    boxes = tab.locator(".course-quiz .Quiz").all()
    yield tab, list(zip(QUIZZES[request.param], boxes, strict=True))
    tab.close()


def choose(box, question, place):
    """Give one of the answers by mouse; return what is to be announced."""
    answer = question["answers"][place]
    if question["type"] == "numeric":
        box.get_by_label("numeric").fill(str(answer.get("value", 98765)))
        box.get_by_role("button", name="Check").click()
    else:
        box.get_by_role("button").nth(place).click()
    return JUDGED[answer.get("correct", False)] + text_of(answer["feedback"])


def test_each_answer_is_judged_and_announced(chapter):
    tab, pairs = chapter
    for question, box in pairs:
        name = text_of(question["question"])
        assert tab.get_by_role("group", name=name, exact=True).count() == 1
        # What is announced is a change inside an element that stays.
        status = box.get_by_role("status").element_handle()
        assert status.inner_text() == ""
        for place, answer in enumerate(question["answers"]):
            if "answer" in answer:
                name = text_of(answer["answer"])
                button = box.get_by_role("button", name=name, exact=True)
                assert button.count() == 1
            expected = choose(box, question, place)
            assert status.inner_text().startswith(expected)
            if "answer" in answer:
                sign = "\u2713" if answer["correct"] else "\u2717"
                assert box.get_by_role(
                    "button", name=f"{sign} {name}"
                ).count()
    assert tab.complaints == []


def test_what_follows_the_quiz_stands_outside_it(chapter):
    tab, _ = chapter
    assert tab.locator(".cell_output h2").count() == 0
    assert tab.locator(".course-quiz").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_in_an_answered_quiz(open_page, theme):
    tab = open_page(FIRST, color_scheme=theme)
    assert tab.locator("html").get_attribute("data-theme") == theme
    boxes = tab.locator(".course-quiz .Quiz").all()
    for n, box in enumerate(boxes):
        question = QUIZZES[FIRST][n]
        wanted = [a.get("correct", False) for a in question["answers"]]
        choose(box, question, wanted.index(n % 2 == 0))
    for verdict in ("correct", "incorrect"):
        assert tab.locator(f".course-quiz .{verdict}").count() >= 2
    found = Axe().run(tab, context=".course-quiz").response
    assert [rule["id"] for rule in found["violations"]] == []
    assert [rule["id"] for rule in found["incomplete"]] == []
    assert "color-contrast" in [rule["id"] for rule in found["passes"]]


def focus(tab):
    """What has the focus: its text or value, and the outline around it."""
    return tab.evaluate(
        """() => {
            const e = document.activeElement;
            const line = getComputedStyle(e);
            return [e.value || e.textContent,
                    line.outlineStyle != 'none' && line.outlineWidth];
        }"""
    )


def test_by_keyboard_alone(open_page):
    tab = open_page(FIRST, viewport={"width": 1280, "height": 900})
    tab.goto(f"{tab.url}#check-yourself")
    inside = "document.activeElement.closest('.course-quiz') !== null"
    for _ in range(5):
        tab.keyboard.press("Tab")
        if tab.evaluate(inside):
            break
    boxes = tab.locator(".course-quiz .Quiz").all()
    for question, box in zip(QUIZZES[FIRST], boxes, strict=True):
        status = box.get_by_role("status")
        for answer in question["answers"]:
            if question["type"] == "numeric":
                assert focus(tab)[1] == "3px"
                tab.keyboard.type(str(answer.get("value", 98765)))
                tab.keyboard.press("Enter")
                # The way back to the field leads over the button.
                tab.keyboard.press("Tab")
                assert focus(tab) == ["Check", "3px"]
            else:
                assert focus(tab) == [text_of(answer["answer"]), "3px"]
                tab.keyboard.press("Space")
            expected = JUDGED[answer.get("correct", False)]
            assert status.inner_text().startswith(expected)
            last = answer is question["answers"][-1]
            back = question["type"] == "numeric" and not last
            tab.keyboard.press("Shift+Tab" if back else "Tab")
    assert not tab.evaluate(inside)
    assert tab.complaints == []


def test_by_touch_on_a_phone(open_page):
    size = {"width": 390, "height": 800}
    tab = open_page(FIRST, viewport=size, has_touch=True, is_mobile=True)
    boxes = tab.locator(".course-quiz .Quiz").all()
    for question, box in zip(QUIZZES[FIRST], boxes, strict=True):
        for place, answer in enumerate(question["answers"]):
            if question["type"] == "numeric":
                value = str(answer.get("value", 98765))
                box.get_by_role("textbox").tap()
                tab.keyboard.type(value)
                press = box.get_by_role("button")
            else:
                press = box.get_by_role("button").nth(place)
            assert press.bounding_box()["height"] >= 40
            press.tap()
            expected = JUDGED[answer.get("correct", False)]
            assert box.get_by_role("status").inner_text().startswith(expected)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.complaints == []


def test_a_notebook_loads_no_mathjax_from_elsewhere(html, browser):
    """JupyterLab has a MathJax 3 of which `typeset` is missing."""
    page = (html / "book" / f"{FIRST}.html").read_text()
    output = BeautifulSoup(page, "html.parser").select_one(
        ".tag_quiz .cell_output"
    )
    context = browser.new_context()
    requests = []
    context.route("**", lambda route: (requests.append(1), route.abort()))
    tab = context.new_page()
    tab.set_content(
        "<script>window.MathJax = { version: '3.2.2' }</script>"
        f"<body>{output}</body>"
    )
    tab.get_by_role("button", name="Check").wait_for()
    # jupyterquiz looks for MathJax half a second later once more.
    tab.wait_for_timeout(1000)
    assert tab.evaluate("MathJax.version") == "3.2.2"
    assert requests == []
    context.close()
