"""`python -m sarslide`: the command `sarslide`."""

from sarslide.cli import main

if __name__ == "__main__":
    main()
