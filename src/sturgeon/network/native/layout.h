/* What a training is told, and where its numbers lie; `layout.py` lays them out.

   All that is learnt is one block of floats: W of the first, the hidden and the last layers, then γ, β and the
   last bias, each row in its stride. The moments of the optimiser are blocks of the same layout. */

#ifndef STURGEON_LAYOUT_H
#define STURGEON_LAYOUT_H

#include "vectors.h"

/* The sizes of a network and its mini-batch. */
typedef struct {
  int32_t features, outputs, units, layers;
  int32_t batch;   /* rows of a full mini-batch */
  int32_t tanh;    /* else ReLU */
  int32_t classes; /* targets are classes, int32, and the loss cross-entropy; else float32, squared error */
} Sizes;

/* What else an epoch depends on. */
typedef struct {
  float learning_rate;
  float adam; /* above 0, else momentum */
  float first_decay, second_decay, epsilon, weight_decay;
  float dropout; /* share of units to drop, in [0, 1) */
  float norm_momentum, norm_epsilon;
  uint32_t dropout_key[2];
} Settings;

/* What a training changes. */
typedef struct {
  float *weights, *first_moment, *second_moment; /* blocks */
  float *mean, *variance;                        /* the running averages, [layers, units] in strides */
} State;

/* Rows of a matrix that `transpose` reads in blocks of 8. */
ALWAYS_INLINE long whole_rows(long rows) { return (rows + 7) / 8 * 8; }

/* Where the parts of a block begin, in floats. */
ALWAYS_INLINE long hidden_at(const Sizes *s, long layer) { /* from 1: W between layers layer - 1 and layer */
  return (s->features + (layer - 1) * whole_rows(s->units)) * stride_of(s->units);
}
ALWAYS_INLINE long last_at(const Sizes *s) { return hidden_at(s, s->layers); }
ALWAYS_INLINE long gamma_at(const Sizes *s) { return last_at(s) + whole_rows(s->units) * stride_of(s->outputs); }
ALWAYS_INLINE long beta_at(const Sizes *s) { return gamma_at(s) + s->layers * stride_of(s->units); }
ALWAYS_INLINE long bias_at(const Sizes *s) { return beta_at(s) + s->layers * stride_of(s->units); }

#endif
