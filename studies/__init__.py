"""What the chapters compare, run over seeds by `make studies`."""
