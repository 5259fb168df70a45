/* The playground's page: what is shown, and what answers to the reader. */
"use strict";

(() => {
  const { SIDE, ...maths } = globalThis.playground;
  const { models, codes, images } = maths.load(globalThis.playgroundWeights);
  const { stroke: STROKE, centre: CENTRE } = globalThis.playgroundWeights;
  const BOARD = 280;
  const FRAMES = 9;
  const KEY_STEP = 0.1;
  // As far as the planes reach: the last circle has the radius 3.
  const EDGE = 3.2;
  const NAMES = { vae: "VAE", plain: "plain", denoiser: "denoising" };

  const $ = (id) => document.getElementById(`play-${id}`);
  const signed = (v) => v.toFixed(2).replace("-", "\u2212");

  /** Read a result aloud, once the reader's hand has come to rest. */
  let resting;
  function announce(text) {
    clearTimeout(resting);
    resting = setTimeout(() => ($("status").textContent = text), 600);
  }

  /** Draw pictures side by side, as ink: the style sheet sets its colour. */
  function show(canvas, ...pictures) {
    const size = [SIDE * pictures.length, SIDE];
    if (canvas.width !== size[0]) [canvas.width, canvas.height] = size;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    pictures.forEach((picture, k) => {
      const image = new ImageData(SIDE, SIDE);
      const { data } = image;
      picture.forEach((v, pixel) => (data[4 * pixel + 3] = 255 * v));
      context.putImageData(image, SIDE * k, 0);
    });
  }

  /** Where a code lies, in words. */
  function surroundings(z) {
    const votes = maths.neighbours(codes, z);
    const counts = votes
      .map((count, label) => [count, label])
      .filter(([count]) => count)
      .sort((a, b) => b[0] - a[0])
      .map(([n, label]) => `${n} ${n > 1 ? "are" : "is"} \u201c${label}\u201d`)
      .join(", ");
    const place = `z\u2081 = ${signed(z[0])}, z\u2082 = ${signed(z[1])}`;
    return `${place}. Of the 10 nearest test digits ${counts}.`;
  }

  /** A plane of the test digits' codes, with marks in an SVG above it. */
  class Plane {
    constructor(element) {
      this.element = element;
      const canvas = element.appendChild(document.createElement("canvas"));
      this.context = canvas.getContext("2d");
      element.insertAdjacentHTML(
        "beforeend",
        `<svg viewBox="${-EDGE} ${-EDGE} ${2 * EDGE} ${2 * EDGE}"
          aria-hidden="true"><line/><ellipse/><circle/></svg>`,
      );
      const svg = element.querySelector("svg");
      [this.line, this.ellipse, this.circle] = svg.children;
      new ResizeObserver(() => this.paint()).observe(element);
      new MutationObserver(() => this.paint()).observe(
        document.documentElement,
        { attributeFilter: ["data-theme"] },
      );
    }

    paint() {
      const { context } = this;
      const side = this.element.clientWidth * devicePixelRatio;
      if (!side) return;
      context.canvas.width = context.canvas.height = side;
      const dark = document.documentElement.dataset.theme === "dark";
      const unit = side / 2 / EDGE;
      context.translate(side / 2, side / 2);
      context.strokeStyle = dark ? "#fff4" : "#0003";
      for (const radius of [1, 2, 3]) {
        context.beginPath();
        context.arc(0, 0, radius * unit, 0, 2 * Math.PI);
        context.stroke();
      }
      context.font = `600 ${side / 42}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      for (const { z, label } of codes) {
        const colour = `${36 * label} 75% ${dark ? 70 : 36}%`;
        context.fillStyle = `hsl(${colour} / 75%)`;
        context.fillText(label, z[0] * unit, -z[1] * unit);
      }
    }

    /** What lies outside is shown at the border. */
    mark(z) {
      const [x, y] = z.map((v) => Math.min(Math.max(v, -EDGE), EDGE));
      this.circle.setAttribute("cx", x);
      this.circle.setAttribute("cy", -y);
      this.element.classList.add("marked");
    }

    /** Two standard deviations of the encoder's Gaussian. */
    spread(z, deviation) {
      const { ellipse } = this;
      ellipse.setAttribute("cx", z[0]);
      ellipse.setAttribute("cy", -z[1]);
      ellipse.setAttribute("rx", 2 * deviation[0]);
      ellipse.setAttribute("ry", 2 * deviation[1]);
    }

    join(from, to) {
      ["x1", "y1", "x2", "y2"].forEach((name, k) =>
        this.line.setAttribute(name, [from[0], -from[1], to[0], -to[1]][k]),
      );
    }

    clear() {
      this.element.classList.remove("marked");
    }
  }

  /** Call with the place, as shares of the element, while it is dragged. */
  function onDrag(element, start, move) {
    let box;
    const share = (event) => [
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    ];
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      box = element.getBoundingClientRect();
      element.setPointerCapture(event.pointerId);
      start(share(event));
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) move(share(event));
    });
  }

  /* Part 1: a point of the plane, decoded. */
  function setUpPoint() {
    const plane = new Plane($("plane"));
    const sliders = [$("z1"), $("z2")];
    const update = () => {
      const z = sliders.map((slider) => Number(slider.value));
      show($("decoded"), models.vae.decode(z));
      plane.mark(z);
      const text = surroundings(z);
      $("place").textContent = text;
      announce(text);
    };
    const move = (z) => {
      sliders.forEach((slider, k) => (slider.value = z[k]));
      update();
    };
    const drag = ([x, y]) => move([(2 * x - 1) * EDGE, (1 - 2 * y) * EDGE]);
    onDrag($("plane"), drag, drag);
    $("plane").addEventListener("keydown", (event) => {
      const directions = {
        ArrowLeft: [-KEY_STEP, 0],
        ArrowRight: [KEY_STEP, 0],
        ArrowUp: [0, KEY_STEP],
        ArrowDown: [0, -KEY_STEP],
      };
      const step = directions[event.key];
      if (!step) return;
      event.preventDefault();
      move(sliders.map((slider, k) => Number(slider.value) + step[k]));
    });
    for (const slider of sliders) {
      slider.max = Math.floor(100 * EDGE) / 100;
      slider.min = -slider.max;
      slider.addEventListener("input", update);
    }
    update();
  }

  /* Parts 2 and 3: a drawn digit, with noise, through three models. */
  function setUpBoard(changed) {
    const plane = new Plane($("placed"));
    const context = $("board").getContext("2d");
    const chosen = document.createElement("canvas");
    let [strokes, clean] = [[], null];

    // Two dots for each unit, for sharp lines on dense screens.
    $("board").width = $("board").height = 2 * BOARD;
    context.scale(2, 2);
    context.lineWidth = BOARD / 15;
    context.lineCap = context.lineJoin = "round";
    context.imageSmoothingEnabled = false;
    const sketch = () => {
      context.clearRect(0, 0, BOARD, BOARD);
      for (const stroke of strokes) {
        context.beginPath();
        stroke.forEach(([x, y]) => context.lineTo(x, y));
        context.lineTo(...stroke.at(-1));
        context.stroke();
      }
      if (clean && !strokes.length) {
        context.drawImage(chosen, 0, 0, BOARD, BOARD);
      }
    };

    const update = () => {
      const level = Number($("noise").value);
      $("level").textContent = level.toFixed(2);
      const blank = new Float64Array(SIDE * SIDE);
      const x = clean ? maths.noisy(clean, level) : blank;
      show($("input"), x);
      const errors = Object.keys(NAMES).map((name) => {
        const z = models[name].encode(x);
        const out = clean ? models[name].decode(z) : blank;
        show($(name), out);
        const error = maths.distance(clean ?? blank, out).toFixed(3);
        $(`${name}-code`).textContent = `code ${z.length}`;
        $(`${name}-error`).textContent = clean ? `error ${error}` : "";
        return `${NAMES[name]} ${error}`;
      });
      if (!clean) {
        plane.clear();
        $("code").textContent = "Draw a digit, or choose one.";
        return announce("The board is empty.");
      }
      const [z, deviation] = models.vae.gaussian(x);
      plane.mark(z);
      plane.spread(z, deviation);
      const text = surroundings(z);
      $("code").textContent = text;
      announce(`${text} Errors: ${errors.join(", ")}.`);
    };

    const take = (picture, drawing) => {
      [clean, strokes] = [picture, drawing];
      sketch();
      update();
      changed(clean);
    };
    const draw = (drawing) =>
      take(maths.normalised(drawing, BOARD, STROKE, CENTRE), drawing);
    const point = (share) => share.map((v) => v * BOARD);
    onDrag(
      $("board"),
      (share) => draw([...strokes, [point(share)]]),
      (share) => {
        strokes.at(-1)?.push(point(share));
        draw(strokes);
      },
    );
    $("clear").addEventListener("click", () => take(null, []));
    $("noise").addEventListener("input", update);
    images.forEach((image, digit) => {
      const button = document.createElement("button");
      button.type = "button";
      button.ariaLabel = `Test digit ${digit}`;
      const canvas = button.appendChild(document.createElement("canvas"));
      canvas.className = "play-ink";
      show(canvas, image);
      button.addEventListener("click", () => {
        show(chosen, image);
        take(image, []);
      });
      $("digits").append(button);
    });
    $("digits").children[2].click();
  }

  /* Part 4: from one digit to another, in codes and in pixels. */
  function setUpWalk() {
    const plane = new Plane($("path"));
    const selects = [$("from"), $("to")];
    let drawn = null;
    const ways = {
      vae: (from, to) => {
        const [start, end] = [from, to].map(models.vae.encode);
        return (part) => models.vae.decode(maths.between(start, end, part));
      },
      plain: (from, to) => {
        const [start, end] = [from, to].map(models.plain.encode);
        return (part) => models.plain.decode(maths.between(start, end, part));
      },
      pixels: (from, to) => (part) => maths.between(from, to, part),
    };
    let [walks, ends] = [{}, []];
    const step = () => {
      const part = Number($("part").value);
      for (const [name, walk] of Object.entries(walks)) {
        show($(`walk-${name}`), walk(part));
      }
      const z = maths.between(...ends, part);
      plane.mark(z);
      $("share").textContent = part.toFixed(2);
      return `${part.toFixed(2)} of the way. ${surroundings(z)}`;
    };
    const choose = () => {
      const chosen = selects.map(({ value }) => images[value] ?? drawn);
      ends = chosen.map(models.vae.encode);
      plane.join(...ends);
      for (const [name, way] of Object.entries(ways)) {
        walks[name] = way(...chosen);
        const parts = [...Array(FRAMES).keys()].map((k) => k / (FRAMES - 1));
        show($(`strip-${name}`), ...parts.map(walks[name]));
      }
      step();
    };
    selects.forEach((select, k) => {
      images.forEach((_, digit) => select.add(new Option(digit, digit)));
      select.add(new Option("from the board", "board"));
      select.value = [2, 7][k];
      select.addEventListener("change", choose);
    });
    $("part").addEventListener("input", () => announce(step()));
    choose();
    return (picture) => {
      drawn = picture ?? new Float64Array(SIDE * SIDE);
      if (selects.some((select) => select.value === "board")) choose();
    };
  }

  for (const part of document.querySelectorAll(".play-waiting")) {
    part.classList.remove("play-waiting");
  }
  setUpPoint();
  setUpBoard(setUpWalk());
  // What the page begins with is no result to be read aloud.
  clearTimeout(resting);
})();
