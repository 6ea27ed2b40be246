"""``python -m exporter`` is the ``datajobs-exporter`` command."""

from exporter import signals


def main() -> None:
    """Run the command; from the first moment on signals do no harm."""
    signals.hold()
    from exporter.cli import main as command  # takes its time

    command()


if __name__ == "__main__":
    main()
