"""The four kinds of hyperparameter, as frozen values: Real, Integer, Choice, Constant."""

from sturgeon.space.hyperparameters.choice import Choice
from sturgeon.space.hyperparameters.constant import Constant
from sturgeon.space.hyperparameters.integer import Integer
from sturgeon.space.hyperparameters.real import Real

__all__ = ["Choice", "Constant", "Integer", "Real"]
