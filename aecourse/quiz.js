/* What jupyterquiz's questions lack, once they are on the page. */
(function mend() {
  const boxes = document.querySelectorAll(".course-quiz .Quiz:not([role])");
  // A notebook may put the place of the quiz on the page after this script.
  if (!boxes.length) return setTimeout(mend, 100);

  const button = () =>
    Object.assign(document.createElement("button"), { type: "button" });

  for (const box of boxes) {
    // A question and its answers belong together.
    box.setAttribute("role", "group");
    box.setAttribute("aria-labelledby", box.firstElementChild.id);

    // A screen reader says what changes in a status. It must stay in place:
    // the feedback itself is hidden for a moment when a number is judged.
    const status = document.createElement("div");
    status.setAttribute("role", "status");
    status.append(box.querySelector(".Feedback"));
    box.append(status);

    // A click on an answer gives it, as on a button. Radio buttons, which
    // jupyterquiz makes, would be given by an arrow key in passing.
    for (const answer of box.querySelectorAll(".MCButton")) {
      const press = button();
      const text = answer.querySelector("span");
      answer.querySelector("input").replaceWith(press);
      press.append(text);
      // Left to itself the label around the button would empty its name.
      text.id = `${answer.id}-text`;
      press.setAttribute("aria-labelledby", text.id);
    }

    // The label of a number's field was not tied to it, and only Enter gave
    // the answer, a key that not every touch screen shows.
    const field = box.querySelector(".Input-text");
    if (field) {
      box.querySelector(".InpLabel").htmlFor = field.id;
      const check = button();
      check.textContent = "Check";
      check.onclick = () => field.onkeypress({ which: 13, keyCode: 13 });
      field.after(check);
    }
  }
})();
