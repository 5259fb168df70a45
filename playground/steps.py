"""What a step of the playground takes, measured in Chromium.

Each step is taken several times, and its fastest time counts.
"""

from pathlib import Path
import re
import shutil

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks.machine import machine, today

BOOK = Path(__file__).resolve().parents[1] / "book"
STEPS_TIMED = 100
REPEATS = 20

# Ends with the milliseconds of each event, handled to the last pixel.
STEPS = """() => {
  const $ = (id) => document.getElementById(`play-${id}`);
  const time = (act) => {
    const start = performance.now();
    act();
    return performance.now() - start;
  };
  const slide = (id) => (part) => {
    const slider = $(id);
    const [low, high] = [Number(slider.min), Number(slider.max)];
    slider.value = low + part * (high - low);
    return time(() => slider.dispatchEvent(new Event("input")));
  };
  // No pointer of the system is behind these events: none can be captured.
  const board = $("board");
  board.setPointerCapture = () => {};
  board.hasPointerCapture = () => true;
  const { left, top, width } = board.getBoundingClientRect();
  const point = (kind, part) => {
    const angle = 9 * part;
    const clientX = left + width * (0.5 + 0.3 * part * Math.cos(angle));
    const clientY = top + width * (0.5 + 0.3 * part * Math.sin(angle));
    const event = new PointerEvent(kind, { clientX, clientY });
    return time(() => board.dispatchEvent(event));
  };
  const parts = [...Array(COUNT).keys()].map((k) => k / COUNT);
  $("clear").click();
  point("pointerdown", 0);
  return {
    point: parts.map(slide("z1")),
    stroke: parts.map((part) => point("pointermove", part)),
    noise: parts.map(slide("noise")),
    walk: parts.map(slide("part")),
  };
}"""


def page_alone():
    """The playground's page, without the rest of the book."""
    text = (BOOK / "playground.md").read_text("utf-8")
    blocks = re.findall(r"^```{raw} html\n(.*?)^```$", text, re.M | re.S)
    *scripts, style = (
        (BOOK / "_assets" / f"playground{name}").read_text("utf-8")
        for name in ("-weights.js", "-models.js", ".js", ".css")
    )
    tags = "".join(f"<script>{script}</script>" for script in scripts)
    return f"<!doctype html><style>{style}</style>{''.join(blocks)}{tags}"


def measured():
    """Milliseconds of each kind of step, and on what they were measured."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.set_content(page_alone())
        script = STEPS.replace("COUNT", str(STEPS_TIMED))
        rounds = [page.evaluate(script) for _ in range(REPEATS)]
        name = f"Chromium {browser.version}"
        browser.close()
    milliseconds = {}
    for kind in rounds[0]:
        # The fastest repeat of a step: other programs only ever add to it.
        times = np.min([found[kind] for found in rounds], axis=0)
        median, most = float(np.median(times)), float(times.max())
        milliseconds[kind] = {
            "median": round(median, 2),
            "most": round(most, 2),
        }
    return {
        "date": today(),
        "browser": name,
        "processor": machine()["processor"],
        "milliseconds": milliseconds,
    }
