"""Studies from Optuna and to Optuna."""

from sturgeon.study.optuna.exchange import OptunaContents, read_optuna, write_optuna

__all__ = ["OptunaContents", "read_optuna", "write_optuna"]
