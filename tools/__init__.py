"""What `make` runs: executing, keeping and shipping what pages show."""
