/* What a hidden layer does between its products: batch norm, g and dropout, forward and backward.

   One vector of columns at a time, all rows of it: a mini-batch's column is in the first cache while
   its mean, its variance and its outputs are made. The equations are those of network/batch_norm.py. */

#ifndef STURGEON_LAYER_H
#define STURGEON_LAYER_H

#include <math.h>

#include "vectors.h"

/* g and its derivative, from g's own value. A NaN passes through. */
ALWAYS_INLINE vec activate(vec z, int is_tanh) {
  if (!is_tanh) return choose(z < all(0), all(0), z);
  for (int i = 0; i < WIDTH; i++) z[i] = tanhf(z[i]);
  return z;
}
ALWAYS_INLINE vec slope(vec g, int is_tanh) {
  return is_tanh ? all(1) - g * g : choose(g > all(0), all(1), all(0));
}
ALWAYS_INLINE vec inverse_root(vec x) {
  for (int i = 0; i < WIDTH; i++) x[i] = 1.0f / sqrtf(x[i]);
  return x;
}

/* One hidden layer of a mini-batch. Matrices are [rows, units] in strides, vectors [units]. */
typedef struct {
  long rows, columns, stride;
  float *normal;  /* z, and after the forward pass z_norm */
  float *outputs; /* after g and dropout */
  float *factors; /* of dropout; NULL for none */
  float *scale, *mean, *variance;
  const float *gamma, *beta;
  int tanh;
  float keep; /* the share of units that dropout keeps */
} Layer;

/* z (in `normal`) to z_norm and outputs: equations (1) to (4), g, dropout. */
static void layer_forward(const Layer *l, float epsilon) {
  long stride = l->stride;
  vec share = all(1.0f / l->rows);
  for (long j = 0; j < l->columns; j += WIDTH) {
    float *z = l->normal + j, *out = l->outputs + j;
    long i = 0;
    vec sum[4] = {{0}};
    for (; i + 4 <= l->rows; i += 4)
      for (int q = 0; q < 4; q++) sum[q] += load(z + (i + q) * stride);
    for (; i < l->rows; i++) sum[0] += load(z + i * stride);
    vec mean = ((sum[0] + sum[1]) + (sum[2] + sum[3])) * share;
    vec square[4] = {{0}};
    for (i = 0; i + 4 <= l->rows; i += 4)
      for (int q = 0; q < 4; q++) {
        vec centred = load(z + (i + q) * stride) - mean;
        square[q] += centred * centred;
      }
    for (; i < l->rows; i++) {
      vec centred = load(z + i * stride) - mean;
      square[0] += centred * centred;
    }
    vec variance = ((square[0] + square[1]) + (square[2] + square[3])) * share;
    vec scale = inverse_root(variance + all(epsilon));
    vec gamma = load(l->gamma + j), beta = load(l->beta + j);
    store(l->mean + j, mean);
    store(l->variance + j, variance);
    store(l->scale + j, scale);
    for (i = 0; i < l->rows; i++) {
      vec normal = (load(z + i * stride) - mean) * scale;
      vec g = activate(gamma * normal + beta, l->tanh);
      if (l->factors) g *= load(l->factors + i * stride + j);
      store(z + i * stride, normal);
      store(out + i * stride, g);
    }
  }
}

/* The gradient of the outputs (in d) to that of z, in place; and those of γ and β. */
static void layer_backward(const Layer *l, float *d, float *d_gamma, float *d_beta) {
  long stride = l->stride;
  vec share = all(1.0f / l->rows), restore = all(l->keep);
  for (long j = 0; j < l->columns; j += WIDTH) {
    float *grad = d + j;
    const float *normal = l->normal + j, *out = l->outputs + j;
    vec of_beta[2] = {{0}}, of_gamma[2] = {{0}};
    for (long i = 0; i < l->rows; i++) {
      vec g = load(out + i * stride), value = load(grad + i * stride);
      if (l->factors) {
        value *= load(l->factors + i * stride + j);
        g *= restore;
      }
      value *= slope(g, l->tanh);
      store(grad + i * stride, value);
      of_beta[i & 1] += value;
      of_gamma[i & 1] += value * load(normal + i * stride);
    }
    vec sum_beta = of_beta[0] + of_beta[1], sum_gamma = of_gamma[0] + of_gamma[1];
    store(d_beta + j, sum_beta);
    store(d_gamma + j, sum_gamma);
    vec factor = load(l->gamma + j) * load(l->scale + j);
    vec level = sum_beta * share, tilt = sum_gamma * share;
    for (long i = 0; i < l->rows; i++) {
      vec value = load(grad + i * stride);
      store(grad + i * stride, factor * (value - (level + tilt * load(normal + i * stride))));
    }
  }
}

/* At test time: z to outputs in place, by the running averages. */
static void layer_test(const Layer *l, float *z, float epsilon) {
  for (long j = 0; j < l->columns; j += WIDTH) {
    vec mean = load(l->mean + j), scale = inverse_root(load(l->variance + j) + all(epsilon));
    vec gamma = load(l->gamma + j), beta = load(l->beta + j);
    for (long i = 0; i < l->rows; i++) {
      float *at = z + i * l->stride + j;
      store(at, activate(gamma * ((load(at) - mean) * scale) + beta, l->tanh));
    }
  }
}

#endif
