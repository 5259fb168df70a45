"""Scripts that measure, each with the data that it wrote."""
