"""The documentation, and the program that prints parts of it from the code's own tables."""
