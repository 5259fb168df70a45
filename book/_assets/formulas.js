/* A formula that is wider than its column scrolls. Then, and only then, it is
   a stop of the Tab key; of itself only Chromium makes it one. */
(() => {
  const mark = (formula) => {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
    else formula.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver((all) => {
    for (const { target } of all) mark(target);
  });
  const known = new WeakSet();
  const see = (formula) => {
    if (known.has(formula)) mark(formula);
    else sizes.observe(formula);
    known.add(formula);
  };
  // Formulas are set as they come into view.
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const around = target.closest("mjx-container");
      if (around) see(around);
      else target.querySelectorAll("mjx-container").forEach(see);
    }
  }).observe(document.body, { childList: true, subtree: true });
})();
