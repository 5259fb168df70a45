"""The packaged MNIST is the original, and a damaged file is named."""

import hashlib
import struct

from aecourse import RandomBlocks, data, load_mnist, plane_in_3d
import numpy as np
import pytest

# The checksums that were published with the four original files.
IDX_MD5 = {
    "x_train": "6bbc9ace898e44ae57da46a324031adb",
    "y_train": "a25bea736e30d166cdddb491f175f624",
    "x_test": "2646ac647ad5339dbf082846283269ea",
    "y_test": "27ae3e4e09519cfbb04c329615203637",
}


def idx_file(array):
    """The bytes of an IDX file: type code 8 is uint8, sizes big-endian."""
    header = struct.pack(">HBB", 0, 8, array.ndim)
    header += struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def test_the_original_idx_files_can_be_rebuilt():
    found = {
        name: hashlib.md5(idx_file(array)).hexdigest()
        for name, array in data.read_mnist_bytes().items()
    }
    assert found == IDX_MD5


@pytest.mark.parametrize(
    ("flat", "shape"), [(False, (28, 28, 1)), (True, (784,))]
)
def test_load_mnist(flat, shape):
    (x_train, y_train), (x_test, y_test) = load_mnist(flat=flat)
    assert x_train.shape == (60000, *shape)
    assert x_test.shape == (10000, *shape)
    assert (y_train.shape, y_test.shape) == ((60000,), (10000,))
    assert (x_train.dtype, y_train.dtype) == ("float32", "uint8")
    published = data.read_mnist_bytes()
    for x, name in [(x_train, "x_train"), (x_test, "x_test")]:
        assert (x.min(), x.max()) == (0, 1)
        np.testing.assert_allclose(
            x[:99].ravel() * 255, published[name][:99].ravel(), rtol=1e-6
        )
    np.testing.assert_array_equal(y_test, published["y_test"])


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "MNIST_FILE", tmp_path / "mnist.npz")
    with pytest.raises(FileNotFoundError, match=r"missing: .*mnist\.npz"):
        load_mnist()


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    middle = len(content) // 2
    return content[:middle] + b"\0" * 64 + content[middle + 64 :]


@pytest.mark.parametrize("damage", [cut, flip, lambda content: b""])
def test_a_damaged_file_is_named(monkeypatch, tmp_path, damage):
    file = tmp_path / "mnist.npz"
    file.write_bytes(damage(data.MNIST_FILE.read_bytes()))
    monkeypatch.setattr(data, "MNIST_FILE", file)
    with pytest.raises(OSError, match=r"damaged: .*mnist\.npz .*reinstall"):
        load_mnist()


def test_a_file_without_an_array_is_damaged(monkeypatch, tmp_path):
    file = tmp_path / "mnist.npz"
    np.savez(file, x_train=np.zeros(3))
    monkeypatch.setattr(data, "MNIST_FILE", file)
    with pytest.raises(OSError, match="y_train"):
        load_mnist()


def test_a_pickle_is_never_read(monkeypatch, tmp_path):
    file = tmp_path / "mnist.npz"
    names = data._ARRAYS
    np.savez(file, **{name: np.array([print]) for name in names})
    monkeypatch.setattr(data, "MNIST_FILE", file)
    with pytest.raises(OSError, match="allow_pickle"):
        load_mnist()


def test_plane_in_3d_without_noise_is_a_plane():
    points = plane_in_3d(500, noise=0)
    assert (points.shape, points.dtype) == ((500, 3), "float32")
    centred = points - points.mean(axis=0)
    spread = np.linalg.svd(centred, compute_uv=False)
    assert spread[2] < 1e-4 < 5 < spread[1] < spread[0]
    assert np.linalg.norm(points.mean(axis=0)) > 1


def test_plane_in_3d_has_the_noise_asked_for():
    thick = plane_in_3d(20_000, noise=0.3)
    smallest = np.linalg.eigvalsh(np.cov(thick.T))[0]
    assert smallest == pytest.approx(0.3**2, rel=0.05)


def test_plane_in_3d_repeats_by_seed():
    np.testing.assert_array_equal(plane_in_3d(seed=3), plane_in_3d(seed=3))
    assert not np.array_equal(plane_in_3d(seed=3), plane_in_3d(seed=4))


def test_random_blocks_are_contiguous_and_their_own_targets():
    x = np.arange(50.0).reshape(50, 1)
    blocks = RandomBlocks(x, seed=0, batch_size=7)
    assert len(blocks) == 7
    starts = set()
    for _ in range(500):
        block, target = blocks[0]
        assert target is block
        start = int(block[0, 0])
        np.testing.assert_array_equal(block, x[start : start + 7])
        starts.add(start)
    assert starts == set(range(43))  # so the last image is never seen


def test_random_blocks_repeat_with_their_seed():
    x = np.arange(999.0).reshape(999, 1)
    one, same, other = (RandomBlocks(x, seed) for seed in (1, 1, 2))
    first = one[0][0]
    np.testing.assert_array_equal(first, same[0][0])
    assert (first != other[0][0]).any()
