/* The playground's models: int8 weights in, pictures out. No page needed. */
"use strict";

globalThis.playground = (() => {
  const SIDE = 28;
  const PIXELS = SIDE * SIDE;

  /** Hands out typed arrays from the bytes of the weights, one by one. */
  function reader(text) {
    const decoded = atob(text);
    const bytes = new Uint8Array(decoded.length);
    for (let k = 0; k < bytes.length; k++) bytes[k] = decoded.charCodeAt(k);
    let at = 0;
    return (count, Kind) => {
      const from = at;
      at += count * Kind.BYTES_PER_ELEMENT;
      return new Kind(bytes.slice(from, at).buffer);
    };
  }

  /** A layer whose kernel is as before the rounding, up to half a step. */
  function restored(layer, take) {
    const count = layer.shape.reduce((a, b) => a * b);
    const outputs = layer.shape.at(-1);
    const small = take(count, Int8Array);
    const scale = take(outputs, Float32Array);
    const kernel = new Float64Array(small);
    for (let k = 0; k < count; k++) kernel[k] *= scale[k % outputs];
    return { ...layer, kernel, bias: take(outputs, Float32Array) };
  }

  const ACTIVATIONS = {
    linear: (v) => v,
    relu: (v) => Math.max(v, 0),
    sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  };

  /** Add to the outputs what the inputs contribute, eight outputs at a time.
   *
   * Eight sums fit into the processor's registers: nothing is written before
   * they are complete. Inputs that are 0, black or cut off, cost nothing.
   */
  function multiply(x, from, inputs, kernel, start, out, to, outputs) {
    let k = 0;
    for (; k + 7 < outputs; k += 8) {
      const at = to + k;
      let s0 = out[at + 0];
      let s1 = out[at + 1];
      let s2 = out[at + 2];
      let s3 = out[at + 3];
      let s4 = out[at + 4];
      let s5 = out[at + 5];
      let s6 = out[at + 6];
      let s7 = out[at + 7];
      for (let i = 0; i < inputs; i++) {
        const v = x[from + i];
        if (v === 0) continue;
        const row = start + i * outputs + k;
        s0 += v * kernel[row + 0];
        s1 += v * kernel[row + 1];
        s2 += v * kernel[row + 2];
        s3 += v * kernel[row + 3];
        s4 += v * kernel[row + 4];
        s5 += v * kernel[row + 5];
        s6 += v * kernel[row + 6];
        s7 += v * kernel[row + 7];
      }
      out[at + 0] = s0;
      out[at + 1] = s1;
      out[at + 2] = s2;
      out[at + 3] = s3;
      out[at + 4] = s4;
      out[at + 5] = s5;
      out[at + 6] = s6;
      out[at + 7] = s7;
    }
    for (; k < outputs; k++) {
      let sum = out[to + k];
      for (let i = 0; i < inputs; i++) {
        sum += x[from + i] * kernel[start + i * outputs + k];
      }
      out[to + k] = sum;
    }
  }

  function dense({ shape, kernel, bias }, x) {
    const out = Float64Array.from(bias);
    multiply(x, 0, shape[0], kernel, 0, out, 0, shape[1]);
    return out;
  }

  /** A convolution, or its transpose ("up"), which goes the other way.
   *
   * A place (row, column) of the small side is joined with width by width
   * places of the large one. Padding is TensorFlow's "same": what is missing
   * is added on both sides, the odd one at the end.
   */
  function convolution({ kind, shape, size, stride, kernel, bias }, x) {
    const [width, , inputs, outputs] = shape;
    const up = kind === "up";
    const side = up ? size * stride : size / stride;
    const [large, small] = up ? [side, size] : [size, side];
    const missing = Math.max((small - 1) * stride + width - large, 0);
    const before = Math.floor(missing / 2);
    const out = new Float64Array(side * side * outputs);
    for (let k = 0; k < out.length; k++) out[k] = bias[k % outputs];
    for (let near = 0; near < small * small; near++) {
      const top = Math.floor(near / small) * stride - before;
      const left = (near % small) * stride - before;
      for (let place = 0; place < width * width; place++) {
        const row = top + Math.floor(place / width);
        const column = left + (place % width);
        if (row < 0 || row >= large || column < 0 || column >= large) continue;
        const far = row * large + column;
        const from = (up ? near : far) * inputs;
        const to = (up ? far : near) * outputs;
        const start = place * inputs * outputs;
        multiply(x, from, inputs, kernel, start, out, to, outputs);
      }
    }
    return out;
  }

  /** What a list of layers makes of x. */
  function run(layers, input) {
    let x = Float64Array.from(input);
    for (const layer of layers) {
      const out = (layer.kind === "dense" ? dense : convolution)(layer, x);
      const activation = ACTIVATIONS[layer.activation];
      for (let k = 0; k < out.length; k++) {
        out[k] = activation(out[k]) + (layer.residual ? x[k] : 0);
      }
      x = out;
    }
    return x;
  }

  /** Encoder and decoder of one model. */
  function model({ encoder, decoder }) {
    const encode = (x) => run(encoder, x);
    const decode = (z) => run(decoder, z);
    return { encode, decode, reconstruct: (x) => decode(encode(x)) };
  }

  /** A model whose encoder's last two numbers are log-variances. */
  function variational({ encode: both, decode }) {
    const gaussian = (x) => {
      const numbers = both(x);
      const deviation = numbers.subarray(2).map((v) => Math.exp(v / 2));
      return [numbers.subarray(0, 2), deviation];
    };
    const encode = (x) => gaussian(x)[0];
    return { gaussian, encode, decode, reconstruct: (x) => decode(encode(x)) };
  }

  /** Models, codes of test images and some of the images, from the script. */
  function load(source) {
    const take = reader(source.data);
    const models = {};
    for (const [name, sides] of Object.entries(source.models)) {
      const networks = {};
      for (const [side, layers] of Object.entries(sides)) {
        networks[side] = layers.map((layer) => restored(layer, take));
      }
      models[name] = model(networks);
    }
    const { count, step } = source.codes;
    const flat = Float64Array.from(take(2 * count, Int8Array), (q) => q * step);
    const labels = take(count, Uint8Array);
    const codes = Array.from(labels, (label, k) => ({
      z: [flat[2 * k], flat[2 * k + 1]],
      label,
    }));
    const images = source.images.map(() =>
      Float64Array.from(take(PIXELS, Uint8Array), (v) => v / 255),
    );
    models.vae = variational(models.vae);
    return { models, codes, images };
  }

  /** How often each label occurs among the test digits nearest to z. */
  function neighbours(codes, z, count = 10) {
    const far = Float64Array.from(
      codes,
      (code) => (code.z[0] - z[0]) ** 2 + (code.z[1] - z[1]) ** 2,
    );
    const limit = far.slice().sort()[count - 1];
    const votes = new Array(10).fill(0);
    far.forEach((v, k) => v <= limit && votes[codes[k].label]++);
    return votes;
  }

  /** Ink of strokes, each a list of points [x, y] in pixels. */
  function ink(strokes, width) {
    const out = new Float64Array(PIXELS);
    for (const stroke of strokes) {
      stroke.forEach(([x1, y1], k) => {
        const [x0, y0] = stroke[Math.max(k - 1, 0)];
        const [dx, dy] = [x1 - x0, y1 - y0];
        const squared = dx * dx + dy * dy || 1;
        const reach = width / 2 + 1;
        const from = (a, b) => Math.max(Math.floor(Math.min(a, b) - reach), 0);
        const to = (a, b) =>
          Math.min(Math.ceil(Math.max(a, b) + reach), SIDE - 1);
        for (let row = from(y0, y1); row <= to(y0, y1); row++) {
          for (let column = from(x0, x1); column <= to(x0, x1); column++) {
            const [px, py] = [column + 0.5 - x0, row + 0.5 - y0];
            const along = (px * dx + py * dy) / squared;
            const t = Math.min(Math.max(along, 0), 1);
            const squares = (px - t * dx) ** 2 + (py - t * dy) ** 2;
            const inside = width / 2 + 0.5 - Math.sqrt(squares);
            const value = Math.min(Math.max(inside, 0), 1);
            const pixel = row * SIDE + column;
            out[pixel] = Math.max(out[pixel], value);
          }
        }
      });
    }
    return out;
  }

  /** A drawing as MNIST would hold it.
   *
   * With its ink it fills 20 by 20 pixels, the stroke is as wide and the
   * centre of mass lies where the average image has it. A dot is not blown
   * up to fill the box.
   */
  function normalised(strokes, board, width, centre) {
    const points = strokes.flat();
    const [xs, ys] = [0, 1].map((axis) => points.map((p) => p[axis]));
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const [wide, high] = [Math.max(...xs) - left, Math.max(...ys) - top];
    const scale = (20 - width) / Math.max(wide, high, board / 8);
    const moved = (byX, byY) =>
      strokes.map((stroke) =>
        stroke.map(([x, y]) => [
          (x - left - wide / 2) * scale + byX,
          (y - top - high / 2) * scale + byY,
        ]),
      );
    const first = ink(moved(SIDE / 2, SIDE / 2), width);
    let [sum, byX, byY] = [0, 0, 0];
    first.forEach((value, k) => {
      sum += value;
      byX += value * ((k % SIDE) + 0.5);
      byY += value * (Math.floor(k / SIDE) + 0.5);
    });
    const shift = SIDE / 2 + centre;
    return ink(moved(shift - byX / sum, shift - byY / sum), width);
  }

  /** Normal numbers that are the same at each visit (mulberry32). */
  function normals(count, seed) {
    const uniform = () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return Float64Array.from({ length: count }, () => {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return radius * Math.cos(2 * Math.PI * uniform());
    });
  }

  const PATTERN = normals(PIXELS, 1);

  /** Gaussian noise, clipped, as in the chapter on denoising. */
  function noisy(x, level) {
    return x.map((v, k) => Math.min(Math.max(v + level * PATTERN[k], 0), 1));
  }

  /** A point of the straight line from one array to another. */
  function between(from, to, part) {
    return from.map((v, k) => (1 - part) * v + part * to[k]);
  }

  /** Mean squared difference. */
  function distance(x, y) {
    return x.reduce((sum, v, k) => sum + (v - y[k]) ** 2, 0) / x.length;
  }

  return {
    SIDE, load, neighbours, ink, normalised, noisy, between, distance,
  };
})();
