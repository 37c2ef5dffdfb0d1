"""`python -m mlcd_tui`."""

from mlcd_tui.cli.main import main

if __name__ == "__main__":
    main()
