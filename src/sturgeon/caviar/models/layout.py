"""A tree of arrays as a flat tuple of plain NumPy arrays, and back.

The engine stacks, writes and reads lanes, so it is given plain arrays: no classes of a framework, and the
bare numbers of random keys, which NumPy knows nothing of.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from sturgeon.caviar.models.model import Parts
from sturgeon.errors import InputError

Leaves = tuple[Any, ...]


class Layout:
    """The shape of a lane's tree; equal for two trees that a compiled program cannot tell apart.

    Args:
        parts: The tree, with an array or a ``jax.ShapeDtypeStruct`` for each leaf.

    Raises:
        InputError: A leaf of ``params`` is not floating-point, or a key is not of JAX's threefry kind.

    Example:
        >>> import numpy as np
        >>> layout = Layout(Parts({"w": np.ones(2, np.float32)}, (), ()))
        >>> layout.join(layout.flatten(Parts({"w": np.zeros(2, np.float32)}, (), ()))).params
        {'w': array([0., 0.], dtype=float32)}
    """

    def __init__(self, parts: Parts) -> None:
        leaves, self._tree = jax.tree.flatten(parts)
        self._kinds = tuple((tuple(leaf.shape), str(leaf.dtype)) for leaf in leaves)
        _check_params(parts.params)
        foreign = [leaf.dtype for leaf in leaves if _is_key(leaf) and leaf.dtype != _threefry()]
        if foreign:
            raise InputError(
                f"A random key in a model's state must be of the threefry kind, the one that is independent "
                f"in each lane; got {foreign[0]}. Make it with jax.random.key(seed, impl='threefry2x32')."
            )

    def flatten(self, parts: Parts) -> Leaves:
        """Take a tree of this layout apart; keys become their bare numbers.

        Raises:
            InputError: It has another layout.
        """
        leaves, tree = jax.tree.flatten(parts)
        found = tuple((tuple(leaf.shape), str(leaf.dtype)) for leaf in leaves)
        if tree != self._tree or found != self._kinds:
            raise InputError(
                f"A configuration's model must be made alike each time; it has {_differing(self, parts)} "
                "this time. Let it depend on the configuration and the key only."
            )
        return tuple(jax.random.key_data(leaf) if _is_key(leaf) else leaf for leaf in leaves)

    def join(self, leaves: Leaves) -> Parts:
        """Put a tree together again."""
        keyed = (
            jax.random.wrap_key_data(leaf, impl="threefry2x32") if dtype.startswith("key<") else leaf
            for leaf, (_, dtype) in zip(leaves, self._kinds, strict=True)
        )
        return jax.tree.unflatten(self._tree, list(keyed))

    def abstract(self) -> Parts:
        """The tree with a ``jax.ShapeDtypeStruct`` for each leaf."""
        structs = [
            jax.ShapeDtypeStruct(shape, _threefry() if dtype.startswith("key<") else np.dtype(dtype))
            for shape, dtype in self._kinds
        ]
        return jax.tree.unflatten(self._tree, structs)

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return sum(int(np.prod(shape)) for shape, _ in self._kinds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layout) and (self._tree, self._kinds) == (other._tree, other._kinds)

    def __hash__(self) -> int:
        return hash((self._tree, self._kinds))


def _check_params(params: Any) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if not jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating):
            raise InputError(
                f"`params` must be floating-point arrays, as they are learnt by their gradients; "
                f"{jax.tree_util.keystr(path) or 'it'} is {leaf.dtype}. Put it into the model's state."
            )


def _differing(layout: Layout, parts: Parts) -> str:
    leaves = jax.tree.leaves(parts)
    return f"{len(leaves)} arrays of {sum(int(np.size(leaf)) for leaf in leaves)} numbers, not {layout.size},"


def _is_key(leaf: Any) -> bool:
    return jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _threefry() -> Any:
    return jax.eval_shape(lambda: jax.random.key(0, impl="threefry2x32")).dtype
