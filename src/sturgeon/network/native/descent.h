/* Gradient descent, momentum and Adam: the equations of network/optimizers.py, for one step. */

#ifndef STURGEON_DESCENT_H
#define STURGEON_DESCENT_H

#include <math.h>

#include "layout.h"

/* The constants of a step. */
typedef struct {
  int adam;
  float rate, keep1, rest1, keep2, rest2; /* α; β and 1 - β of both moments */
  float unbias1, unbias2;                 /* 1 / (1 - βᵗ) */
  float epsilon, decay;
} Step;

/* The step that counts as t, from 1. */
static Step step_of(const Settings *s, int32_t t) {
  return (Step){s->adam > 0,
                s->learning_rate,
                s->first_decay,
                1 - s->first_decay,
                s->second_decay,
                1 - s->second_decay,
                (float)(1 / (1 - pow(s->first_decay, t))),
                (float)(1 / (1 - pow(s->second_decay, t))),
                s->epsilon,
                s->weight_decay};
}

/* Take the step for `count` floats of the block from `at` on; W decays, γ, β and the bias do not. */
static void descend(const State *s, long at, const float *gradient, long count, Step step, int decays) {
  float *weight = s->weights + at, *first = s->first_moment + at, *second = s->second_moment + at;
  vec keep1 = all(step.keep1), rest1 = all(step.rest1), keep2 = all(step.keep2), rest2 = all(step.rest2);
  vec rate = all(step.rate), decay = all(decays ? step.decay : 0), epsilon = all(step.epsilon);
  vec unbias1 = all(step.unbias1), unbias2 = all(step.unbias2);
  for (long i = 0; i < count; i += WIDTH) {
    vec slope = load(gradient + i), value = load(weight + i);
    vec moment = keep1 * load(first + i) + rest1 * slope;
    vec square = keep2 * load(second + i) + rest2 * (slope * slope);
    store(first + i, moment);
    store(second + i, square);
    vec change = moment;
    if (step.adam) {
      vec root = square * unbias2;
      for (int q = 0; q < WIDTH; q++) root[q] = sqrtf(root[q]);
      change = moment * unbias1 / (root + epsilon);
    }
    store(weight + i, value - rate * (change + decay * value));
  }
}

#endif
