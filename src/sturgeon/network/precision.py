"""In which numbers the network's matrix products are computed.

``float32`` is the rule. With ``bfloat16`` the two factors of every product, forward and backward, are rounded
to 8 bits of mantissa and multiplied so; sums run in float32. All else stays float32: the weights that
are learnt, batch norm and its statistics, the loss, and the optimiser's state. So nothing that adds up many
small numbers loses them, and no scaling of the loss is needed, since bfloat16 has float32's exponents.

Source:
    Micikevicius et al. 2018, "Mixed precision training" (master weights); Kalamkar et al. 2019, "A study of
    BFLOAT16 for deep learning training".
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from sturgeon.network.settings import Precision, check_precision
from sturgeon.network.weights import Array

Product = Callable[[Array, Array], jax.Array]


def weight_gradient(multiply: Product, inputs: Array, d_outputs: Array) -> jax.Array:
    """The gradient of W in ``inputs @ W``: the inputs transposed, times the gradient of the outputs.

    Args:
        multiply: The product of two matrices.
        inputs: ``[rows, n]``.
        d_outputs: ``[rows, columns]``.

    Returns:
        ``[n, columns]``.
    """
    # XLA's fast product on a processor takes no transposed left factor, so it is written out first.
    written_out = jax.lax.platform_dependent(inputs, cpu=_write_transposed, default=jnp.transpose)
    return multiply(written_out, d_outputs)


def _write_transposed(matrix: jax.Array) -> jax.Array:
    return jax.lax.optimization_barrier(matrix.T)


def _with_gradient(multiply: Product) -> Product:
    """A product whose gradient is of such products too."""

    @jax.custom_vjp
    def product(left: Array, right: Array) -> jax.Array:
        return multiply(left, right)

    def forward(left: Array, right: Array):
        return multiply(left, right), (left, right)

    def backward(factors: tuple[jax.Array, jax.Array], gradient: jax.Array):
        left, right = factors
        d_left = multiply(gradient, right.T).astype(left.dtype)
        return d_left, weight_gradient(multiply, left, gradient).astype(right.dtype)

    product.defvjp(forward, backward)
    return product


def _multiply_bfloat16(left: Array, right: Array) -> jax.Array:
    """The product of two matrices rounded to bfloat16, in float32."""
    return jax.lax.platform_dependent(left, right, cpu=_multiply_rounded, default=_multiply)


def _multiply_float32(left: Array, right: Array) -> jax.Array:
    """The product in the type of the factors: a GPU's own default rounds float32 to 10 bits of mantissa."""
    return jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)


def _multiply(left: jax.Array, right: jax.Array) -> jax.Array:
    factors = left.astype(jnp.bfloat16), right.astype(jnp.bfloat16)
    return jnp.matmul(*factors, preferred_element_type=jnp.float32)


def _multiply_rounded(left: jax.Array, right: jax.Array) -> jax.Array:
    """The same numbers where the product itself must be of float32: XLA has no other on a processor.

    Not two conversions, there and back, which XLA may leave out.
    """
    factors = (left.astype(jnp.float32), right.astype(jnp.float32))
    return jnp.matmul(*(jax.lax.reduce_precision(factor, 8, 7) for factor in factors))


_PRODUCTS: dict[str, Product] = {
    "float32": _with_gradient(_multiply_float32),
    "bfloat16": _with_gradient(_multiply_bfloat16),
}


def product_in(precision: Precision) -> Product:
    """The function that multiplies two matrices, ``[rows, n]`` and ``[n, columns]``.

    Args:
        precision: ``"float32"``, which multiplies in whatever type the factors have, or ``"bfloat16"``.

    Raises:
        InputError: It is neither.

    Example:
        >>> import numpy as np
        >>> third = np.full((1, 1), 1 / 3, np.float32)
        >>> one = np.ones((1, 1), np.float32)
        >>> float(product_in("bfloat16")(third, one)[0, 0])
        0.333984375
    """
    check_precision(precision)
    return _PRODUCTS[precision]
