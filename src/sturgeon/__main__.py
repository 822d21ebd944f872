"""``python -m sturgeon``."""

from sturgeon.cli.main import run

if __name__ == "__main__":
    run()
