/* What a hidden layer does between its products: batch norm, g and dropout, forward and backward.

   A few vectors of columns at a time, all rows of them: a mini-batch's columns are in a near cache while
   their means, variances and outputs are made. The equations are those of network/batch_norm.py. */

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

/* Vectors of columns a pass: each row then gives whole lines of the cache. */
#define PASS 4
#define EACH(v) _Pragma("GCC unroll 4") for (int v = 0; v < vectors; v++)

/* The next columns of a layer, `vectors` of them from j on, z (in `normal`) to z_norm and outputs: equations (1) to
   (4), g, dropout. Sums of even and of odd rows, so that none waits for the one before. */
ALWAYS_INLINE void forward_columns(const Layer *l, long j, int vectors, float epsilon) {
  long stride = l->stride, rows = l->rows;
  float *z = l->normal + j, *out = l->outputs + j;
  vec share = all(1.0f / rows), sum[2][PASS] = {{{0}}}, mean[PASS], scale[PASS], gamma[PASS], beta[PASS];
  for (long i = 0; i < rows; i += 2)
    for (int odd = 0; odd < 2 && i + odd < rows; odd++)
      EACH(v) sum[odd][v] += load(z + (i + odd) * stride + v * WIDTH);
  EACH(v) mean[v] = (sum[0][v] + sum[1][v]) * share, sum[0][v] = sum[1][v] = all(0);
  for (long i = 0; i < rows; i += 2)
    for (int odd = 0; odd < 2 && i + odd < rows; odd++)
      EACH(v) {
        vec centred = load(z + (i + odd) * stride + v * WIDTH) - mean[v];
        sum[odd][v] += centred * centred;
      }
  EACH(v) {
    long at = j + v * WIDTH;
    vec variance = (sum[0][v] + sum[1][v]) * share;
    scale[v] = inverse_root(variance + all(epsilon));
    gamma[v] = load(l->gamma + at), beta[v] = load(l->beta + at);
    store(l->mean + at, mean[v]);
    store(l->variance + at, variance);
    store(l->scale + at, scale[v]);
  }
  for (long i = 0; i < rows; i++)
    EACH(v) {
      long at = i * stride + v * WIDTH;
      vec normal = (load(z + at) - mean[v]) * scale[v];
      vec g = activate(gamma[v] * normal + beta[v], l->tanh);
      if (l->factors) g *= load(l->factors + at + j);
      store(z + at, normal);
      store(out + at, g);
    }
}

static void layer_forward(const Layer *l, float epsilon) {
  long j = 0;
  for (; j + PASS * WIDTH <= l->columns; j += PASS * WIDTH) forward_columns(l, j, PASS, epsilon);
  for (; j < l->columns; j += WIDTH) forward_columns(l, j, 1, epsilon);
}

/* For the next columns, the gradient of the outputs (in d) to that of z, in place; and those of γ and β. */
ALWAYS_INLINE void backward_columns(const Layer *l, long j, int vectors, float *d, float *d_gamma, float *d_beta) {
  long stride = l->stride, rows = l->rows;
  float *grad = d + j;
  const float *normal = l->normal + j, *out = l->outputs + j;
  vec share = all(1.0f / rows), restore = all(l->keep), of_beta[PASS] = {{0}}, of_gamma[PASS] = {{0}};
  for (long i = 0; i < rows; i++)
    EACH(v) {
      long at = i * stride + v * WIDTH;
      vec g = load(out + at), value = load(grad + at);
      if (l->factors) {
        value *= load(l->factors + at + j);
        g *= restore;
      }
      value *= slope(g, l->tanh);
      store(grad + at, value);
      of_beta[v] += value;
      of_gamma[v] += value * load(normal + at);
    }
  vec factor[PASS], level[PASS], tilt[PASS];
  EACH(v) {
    long at = j + v * WIDTH;
    store(d_beta + at, of_beta[v]);
    store(d_gamma + at, of_gamma[v]);
    factor[v] = load(l->gamma + at) * load(l->scale + at);
    level[v] = of_beta[v] * share, tilt[v] = of_gamma[v] * share;
  }
  for (long i = 0; i < rows; i++)
    EACH(v) {
      long at = i * stride + v * WIDTH;
      store(grad + at, factor[v] * (load(grad + at) - (level[v] + tilt[v] * load(normal + at))));
    }
}

static void layer_backward(const Layer *l, float *d, float *d_gamma, float *d_beta) {
  long j = 0;
  for (; j + PASS * WIDTH <= l->columns; j += PASS * WIDTH) backward_columns(l, j, PASS, d, d_gamma, d_beta);
  for (; j < l->columns; j += WIDTH) backward_columns(l, j, 1, d, d_gamma, d_beta);
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
