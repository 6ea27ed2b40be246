"""What maintainers run: checks of a release and of what it is made of."""
