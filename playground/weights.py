"""The playground's weights: models to int8 in a script, and back.

The script holds one object. Its `data` are bytes in base64: of each layer the
kernel as int8, then for each output a scale and a bias as float32; after the
layers the codes of test images as int8, their labels, and ten test images.
"""

import base64
import json
from pathlib import Path

import keras
import numpy as np

SCRIPT = Path(__file__).resolve().parents[1] / "book" / "_assets"
SCRIPT /= "playground-weights.js"
PREFIX = "globalThis.playgroundWeights = "


def parts(model):
    """The layers with weights, in order: encoder's, decoder's.

    Each is a list, for the two heads of a variational autoencoder are
    exported as one layer.
    """
    found = []
    for network in (model.encoder, model.decoder):
        layers = [[one] for one in network.layers if one.weights]
        layers = [one for one in layers if hasattr(one[0], "kernel")]
        if len(getattr(network, "outputs", [0])) == 2:
            layers[-2:] = [layers[-2] + layers[-1]]
        found.append(layers)
    return found


def described(network, group):
    """What JavaScript has to know of a layer beside its numbers."""
    (layer, *_) = group
    entry = {"activation": layer.activation.__name__}
    if isinstance(layer, keras.layers.Dense):
        return {"kind": "dense"} | entry
    listed = list(network.layers)
    after = listed[listed.index(layer) + 1 :][:1]
    return entry | {
        "kind": "up" if "Transpose" in type(layer).__name__ else "conv",
        "size": layer.input.shape[1],
        "stride": layer.strides[0],
        "residual": any(isinstance(x, keras.layers.Add) for x in after),
    }


def kernel_of(group):
    """The kernels side by side, their last axis that of the outputs."""
    kernels = [np.array(layer.kernel) for layer in group]
    if "Transpose" in type(group[0]).__name__:
        kernels = [kernel.swapaxes(-1, -2) for kernel in kernels]
    return np.concatenate(kernels, axis=-1)


def rounded(kernel):
    """Int8 and a scale for each output, the largest weight being 127."""
    outputs = kernel.reshape(-1, kernel.shape[-1])
    scale = (abs(outputs).max(axis=0) / 127).astype("float32")
    return np.rint(kernel / scale).astype("int8"), scale


def exported(models):
    """Description and bytes: of each layer kernel, scales and biases."""
    entries, data = {}, b""
    for name, model in models.items():
        entries[name] = {}
        networks = zip(
            ("encoder", "decoder"),
            (model.encoder, model.decoder),
            parts(model),
            strict=True,
        )
        for side, network, groups in networks:
            entries[name][side] = []
            for group in groups:
                kernel, scale = rounded(kernel_of(group))
                bias = np.concatenate([np.array(x.bias) for x in group])
                data += kernel.tobytes() + scale.tobytes()
                data += bias.astype("float32").tobytes()
                entry = described(network, group) | {"shape": kernel.shape}
                entries[name][side].append(entry)
    return entries, data


def restore(models, entries, data):
    """Put exported weights into models; how many bytes that took."""
    at = 0

    def take(count, kind):
        nonlocal at
        numbers = np.frombuffer(data, kind, count, at)
        at += numbers.nbytes
        return numbers

    for name, model in models.items():
        for side, groups in zip(entries[name], parts(model), strict=True):
            for entry, group in zip(entries[name][side], groups, strict=True):
                shape = entry["shape"]
                kernel = take(np.prod(shape), "int8").reshape(shape)
                kernel = kernel * take(shape[-1], "<f4")
                bias = take(shape[-1], "<f4")
                if entry["kind"] == "up":
                    kernel = kernel.swapaxes(-1, -2)
                    group[0].set_weights([kernel, bias])
                    continue
                kernels = np.split(kernel, len(group), axis=-1)
                biases = np.split(bias, len(group))
                for layer, *weights in zip(
                    group, kernels, biases, strict=True
                ):
                    layer.set_weights(weights)
    return at


def save(entries, data):
    """Write the script."""
    entries = entries | {"data": base64.b64encode(data).decode()}
    text = json.dumps(entries, separators=(",", ":"))
    SCRIPT.write_text(f"{PREFIX}{text};\n", encoding="utf-8")


def load():
    """What the script says of the models and the rest, and its bytes."""
    text = SCRIPT.read_text("utf-8").removeprefix(PREFIX).rstrip(";\n")
    entries = json.loads(text)
    return entries, base64.b64decode(entries.pop("data"))
