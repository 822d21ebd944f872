"""What may vary: scales, hyperparameters, the space, the standard network space."""

from sturgeon.space.base import Hyperparameter, Varying
from sturgeon.space.config import Config, Scalar, config_key
from sturgeon.space.configs import Configs
from sturgeon.space.constraint import Constraint, Expression
from sturgeon.space.description import Description
from sturgeon.space.hyperparameters import Choice, Constant, Integer, Real
from sturgeon.space.space import Space
from sturgeon.space.standard import NETWORKS, network_space, notes_space, standard_space

__all__ = [
    "NETWORKS",
    "Choice",
    "Config",
    "Configs",
    "Constant",
    "Constraint",
    "Description",
    "Expression",
    "Hyperparameter",
    "Integer",
    "Real",
    "Scalar",
    "Space",
    "Varying",
    "config_key",
    "network_space",
    "notes_space",
    "standard_space",
]
