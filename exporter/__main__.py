"""``python -m exporter`` is the ``datajobs-exporter`` command."""

from exporter.cli import main

if __name__ == "__main__":
    main()
