"""The front gate: `callmissed …` and `python -m callmissed …`."""

from callmissed.cli.app import main

if __name__ == "__main__":
    main()
