"""Graded exercises: sources, generated notebooks and the grader."""
