"""`python -m upwell` is `upwell`."""

from upwell.cli import main

if __name__ == "__main__":
    main()
