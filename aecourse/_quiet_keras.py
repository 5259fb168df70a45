"""Import Keras without the start-up messages of its backend.

TensorFlow writes 'Could not find cuda drivers' to file descriptor 2 while its
shared libraries load, before it reads any log variable. Only redirecting that
descriptor during the import keeps the line out of a notebook. Should the
import fail, what was written is shown after all.
"""

from contextlib import contextmanager
import os
import sys
import tempfile


@contextmanager
def quiet_stderr():
    """Hold back what is written to file descriptor 2, unless it fails."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(stderr, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


if "keras" not in sys.modules:
    # Level 2 lets through what old processors lack; errors are raised.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow

            # The first look for devices logs a second time.
            tensorflow.config.list_physical_devices()
            # A loop over seeds builds many models on purpose; do not warn
            # of the retracing that this takes.
            tensorflow.get_logger().setLevel("ERROR")
