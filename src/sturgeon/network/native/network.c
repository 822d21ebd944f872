/* The batch-norm network on a processor: one epoch of training, and predictions.

   The mathematics is that of network/model.py, optimizers.py and objectives.py, in float32, at the network's own
   sizes. One call trains one network for one epoch on the calling thread, and allocates what it needs. A layer's
   weights take their step as soon as their gradient is known, so one matrix is room enough for all gradients. */

#include <stdlib.h>
#include <string.h>

#include "descent.h"
#include "layer.h"
#include "layout.h"
#include "losses.h"
#include "product.h"
#include "randomness.h"

#define TEST_ROWS 256

/* Zeroed floats, aligned; NULL when there is no memory. */
static float *floats(long count) {
  size_t bytes = ((size_t)count * sizeof(float) + 63) / 64 * 64;
  float *at = aligned_alloc(64, bytes);
  if (at) memset(at, 0, bytes);
  return at;
}

/* The mini-batch at hand, and the room to learn from it. Matrices are in strides. */
typedef struct {
  long rows;
  float *inputs;  /* [rows, features] */
  void *targets;  /* [rows], int32 or float32 */
  float *outputs; /* [rows, outputs]; then the gradient of the mean loss by them */
  Layer *layers;
  float *d;      /* [rows, units]: the gradient by a layer's outputs */
  float *matrix; /* W transposed, then the gradient by W; of the first and the hidden layers */
  float *last;   /* the gradient by the last W */
  float *turned; /* the last W transposed */
  float *small;  /* the gradients by γ, β and the bias, as in a block */
} Batch;

static void gather(const Sizes *s, const float *inputs, const void *targets, const int32_t *order, Batch *b) {
  long stride = stride_of(s->features);
  for (long i = 0; i < b->rows; i++) {
    memcpy(b->inputs + i * stride, inputs + (long)order[i] * s->features, s->features * sizeof(float));
    memcpy((char *)b->targets + 4 * i, (const char *)targets + 4L * order[i], 4); /* of either type */
  }
}

/* z of a layer, counted from 0. */
static void enter_layer(const Sizes *s, const float *weights, long layer, long rows, Left below, float *z) {
  const float *w = layer ? weights + hidden_at(s, layer) : weights;
  long units = stride_of(s->units);
  multiply(rows, padded(s->units), layer ? s->units : s->features, below, w, units, z, units);
}

/* outputs = below W + b, for the last layer. */
static void last_layer(const Sizes *s, const float *weights, long rows, Left below, float *outputs) {
  long stride = stride_of(s->outputs), columns = padded(s->outputs);
  const float *bias = weights + bias_at(s);
  multiply(rows, columns, s->units, below, weights + last_at(s), stride, outputs, stride);
  for (long i = 0; i < rows; i++)
    for (long j = 0; j < columns; j += WIDTH)
      store(outputs + i * stride + j, load(outputs + i * stride + j) + load(bias + j));
}

static void forward(const Sizes *s, const float *weights, Batch *b, float epsilon) {
  Left below = {b->inputs, stride_of(s->features), 1};
  for (long l = 0; l < s->layers; l++) {
    b->layers[l].rows = b->rows;
    enter_layer(s, weights, l, b->rows, below, b->layers[l].normal);
    layer_forward(&b->layers[l], epsilon);
    below = (Left){b->layers[l].outputs, stride_of(s->units), 1};
  }
  last_layer(s, weights, b->rows, below, b->outputs);
}

/* The step of the last layer; leaves the gradient by its inputs in b->d. */
static void learn_last(const Sizes *s, const State *state, Batch *b, Step step) {
  long units = stride_of(s->units), outputs = stride_of(s->outputs), columns = padded(s->outputs);
  float *bias = b->small + bias_at(s) - gamma_at(s);
  memset(bias, 0, outputs * sizeof(float));
  for (long i = 0; i < b->rows; i++)
    for (long j = 0; j < columns; j += WIDTH)
      store(bias + j, load(bias + j) + load(b->outputs + i * outputs + j));
  transpose(whole_rows(s->units), columns, state->weights + last_at(s), outputs, b->turned, units);
  multiply(b->rows, padded(s->units), s->outputs, (Left){b->outputs, outputs, 1}, b->turned, units, b->d, units);
  Left below = {b->layers[s->layers - 1].outputs, 1, units};
  multiply(s->units, columns, b->rows, below, b->outputs, outputs, b->last, outputs);
  descend(state, last_at(s), b->last, s->units * outputs, step, 1);
}

static void backward(const Sizes *s, const State *state, Batch *b, Step step) {
  long units = stride_of(s->units), columns = padded(s->units);
  learn_last(s, state, b, step);
  float *d = b->d;
  for (long l = s->layers - 1; l >= 0; l--) {
    layer_backward(&b->layers[l], d, b->small + l * units, b->small + (s->layers + l) * units);
    Left turned_inputs = {b->inputs, 1, stride_of(s->features)};
    float *before = b->layers[l].outputs; /* which nobody needs any more */
    if (l > 0) {
      transpose(whole_rows(s->units), columns, state->weights + hidden_at(s, l), units, b->matrix, units);
      multiply(b->rows, columns, s->units, (Left){d, units, 1}, b->matrix, units, before, units);
      turned_inputs = (Left){b->layers[l - 1].outputs, 1, units};
    }
    long rows = l ? s->units : s->features;
    multiply(rows, columns, b->rows, turned_inputs, d, units, b->matrix, units);
    descend(state, l ? hidden_at(s, l) : 0, b->matrix, rows * units, step, 1);
    d = before;
  }
  descend(state, gamma_at(s), b->small, bias_at(s) + stride_of(s->outputs) - gamma_at(s), step, 0);
}

/* Equation (5), for the mini-batch's statistics of every layer. */
static void update_running(const Sizes *s, const State *state, const Layer *layers, float momentum) {
  vec old = all(momentum), new = all(1 - momentum);
  for (long l = 0; l < s->layers; l++)
    for (long j = 0; j < layers[l].columns; j += WIDTH) {
      float *mean = state->mean + l * layers[l].stride + j, *variance = state->variance + l * layers[l].stride + j;
      store(mean, old * load(mean) + new * load(layers[l].mean + j));
      store(variance, old * load(variance) + new * load(layers[l].variance + j));
    }
}

/* Lay a mini-batch out in a room of floats. With room = NULL, only count them. */
static long lay_out(const Sizes *s, const State *state, float dropout, float *room, Batch *b) {
  long units = stride_of(s->units), outputs = stride_of(s->outputs), rows = s->batch, at = 0;
#define TAKE(count) room ? room + at : NULL; at += (count)
  for (long l = 0; l < s->layers; l++) {
    Layer *layer = &b->layers[l];
    *layer = (Layer){.columns = padded(s->units), .stride = units, .tanh = s->tanh, .keep = 1 - dropout};
    layer->gamma = state->weights + gamma_at(s) + l * units;
    layer->beta = state->weights + beta_at(s) + l * units;
    layer->normal = TAKE(rows * units);
    layer->outputs = TAKE(rows * units);
    layer->scale = TAKE(units);
    layer->mean = TAKE(units);
    layer->variance = TAKE(units);
    if (dropout > 0) {
      layer->factors = TAKE(rows * units);
    }
  }
  b->inputs = TAKE(rows * stride_of(s->features));
  b->outputs = TAKE(rows * outputs);
  b->targets = TAKE((rows + WIDTH - 1) / WIDTH * WIDTH);
  b->d = TAKE(rows * units);
  b->matrix = TAKE((s->features > padded(s->units) ? s->features : padded(s->units)) * units);
  b->last = TAKE(s->units * outputs);
  b->turned = TAKE(padded(s->outputs) * units);
  b->small = TAKE(2 * s->layers * units + outputs);
#undef TAKE
  return at;
}

/* Train for one epoch.

   inputs [*, features] and targets [*], without strides; order [seen]: the rows of the epoch's mini-batches, one
   after the other. count: steps taken before, and after. Returns the loss summed over the rows seen; with
   count = -1 when there is no memory. */
double sturgeon_train_epoch(const Sizes *s, const Settings *t, const State *state, const float *inputs,
                            const void *targets, const int32_t *order, int64_t seen, int32_t *count) {
  Batch b = {.layers = malloc(s->layers * sizeof(Layer))};
  float *room = b.layers ? floats(lay_out(s, state, t->dropout, NULL, &b)) : NULL;
  if (!room) {
    free(b.layers);
    *count = -1;
    return NAN;
  }
  lay_out(s, state, t->dropout, room, &b);
  double loss = 0;
  Key key = {t->dropout_key[0], t->dropout_key[1]};
  for (int64_t start = 0; start < seen; start += s->batch, (*count)++) {
    b.rows = seen - start < s->batch ? seen - start : s->batch;
    gather(s, inputs, targets, order + start, &b);
    for (long l = 0; l < s->layers && t->dropout > 0; l++)
      draw_factors(fold_in(fold_in(key, (uint32_t)*count), (uint32_t)l), t->dropout, s->units, b.rows,
                   b.layers[l].factors, stride_of(s->units));
    forward(s, state->weights, &b, t->norm_epsilon);
    loss += s->classes ? softmax_loss(b.rows, s->outputs, b.outputs, stride_of(s->outputs), b.targets)
                       : squared_loss(b.rows, b.outputs, stride_of(s->outputs), b.targets);
    update_running(s, state, b.layers, t->norm_momentum);
    backward(s, state, &b, step_of(t, *count + 1));
  }
  free(room);
  free(b.layers);
  return loss;
}

/* Predict by the running averages: inputs [rows, features] to outputs [rows, outputs], without strides. Returns 0, or
   -1 when there is no memory. */
int sturgeon_predict(const Sizes *s, float norm_epsilon, const State *state, const float *inputs, int64_t rows,
                     float *outputs) {
  long units = stride_of(s->units), features = stride_of(s->features), last = stride_of(s->outputs);
  float *room = floats(TEST_ROWS * (features + 2 * units + last));
  if (!room) return -1;
  float *x = room, *z = x + TEST_ROWS * features, *next = z + TEST_ROWS * units, *out = next + TEST_ROWS * units;
  for (int64_t start = 0; start < rows; start += TEST_ROWS) {
    long some = rows - start < TEST_ROWS ? rows - start : TEST_ROWS;
    for (long i = 0; i < some; i++)
      memcpy(x + i * features, inputs + (start + i) * s->features, s->features * sizeof(float));
    Left below = {x, features, 1};
    for (long l = 0; l < s->layers; l++) {
      enter_layer(s, state->weights, l, some, below, z);
      Layer layer = {.rows = some, .columns = padded(s->units), .stride = units, .tanh = s->tanh};
      layer.mean = state->mean + l * units, layer.variance = state->variance + l * units;
      layer.gamma = state->weights + gamma_at(s) + l * units, layer.beta = state->weights + beta_at(s) + l * units;
      layer_test(&layer, z, norm_epsilon);
      below = (Left){z, units, 1};
      float *swap = z;
      z = next;
      next = swap;
    }
    last_layer(s, state->weights, some, below, out);
    for (long i = 0; i < some; i++)
      memcpy(outputs + (start + i) * s->outputs, out + i * last, s->outputs * sizeof(float));
  }
  free(room);
  return 0;
}

/* order[0 to rows) becomes what NumPy's default_rng(seed).permutation(rows) gives. */
static void permute(const uint64_t *seed, int64_t rows, int32_t *order) {
  Pcg g = pcg_seeded(seed);
  for (int64_t i = 0; i < rows; i++) order[i] = (int32_t)i;
  for (int64_t i = rows - 1; i > 0; i--) {
    int64_t j = pcg_to(&g, (uint32_t)i, ~0u >> __builtin_clz((uint32_t)i));
    int32_t of_i = order[i];
    order[i] = order[j];
    order[j] = of_i;
  }
}

/* orders[k, 0 to rows) becomes a permutation of 0, 1, …, rows - 1, by seeds[k, 0 to 4), for each k of `count`. */
void sturgeon_permute(const uint64_t *seeds, int64_t count, int64_t rows, int32_t *orders) {
  for (int64_t k = 0; k < count; k++) permute(seeds + 4 * k, rows, orders + k * rows);
}

/* Floats of a vector: rows are multiples of it. */
int sturgeon_width(void) { return WIDTH; }

/* What the sources were that this was compiled from: hatch_build.py defines it. */
#ifndef SOURCES
#define SOURCES 0
#endif
uint32_t sturgeon_sources(void) { return SOURCES; }

/* Which instruction set this processor has: 0 the least, 1 x86-64-v3 (AVX2), 2 x86-64-v4 (AVX-512). */
int sturgeon_instruction_set(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2")) return 0;
  int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
  return wide ? 2 : 1;
#else
  return 0;
#endif
}
