"""The configuration: files that load, files that fail, and what their mistakes may not tell."""
