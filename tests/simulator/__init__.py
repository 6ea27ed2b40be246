"""The simulated clouds, held against the vendors' own libraries and documents."""
