"""What make runs, besides the programs that are installed."""
