/* Random numbers, the same ones wherever a training runs.

   Dropout's masks are drawn by the cipher of JAX's default generator; the order of the rows is NumPy's
   Generator.permutation by its default generator.

   Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Threefry-2x32, 20 rounds); O'Neill
   2014, "PCG" (PCG64, XSL-RR). */

#ifndef STURGEON_RANDOMNESS_H
#define STURGEON_RANDOMNESS_H

#include "vectors.h"

typedef struct {
  uint32_t a, b;
} Key;

ALWAYS_INLINE uvec turn(uvec x, int by) { return (x << by) | (x >> (32 - by)); }

/* The cipher, a vector of counters at a time. */
ALWAYS_INLINE void threefry(Key key, uvec *x, uvec *y) {
  static const int turns[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  uint32_t keys[3] = {key.a, key.b, key.a ^ key.b ^ 0x1BD11BDAu};
  *x += keys[0];
  *y += keys[1];
  for (uint32_t group = 0; group < 5; group++) {
    for (int i = 0; i < 4; i++) {
      *x += *y;
      *y = turn(*y, turns[group & 1][i]) ^ *x;
    }
    *x += keys[(group + 1) % 3];
    *y += keys[(group + 2) % 3] + group + 1;
  }
}

/* jax.random.fold_in */
static Key fold_in(Key key, uint32_t data) {
  uvec x = {0}, y = {0};
  y += data;
  threefry(key, &x, &y);
  return (Key){x[0], y[0]};
}

/* Factors of inverted dropout for a mini-batch, [rows, units] in a stride, as `dropout_factors` in stack.py says:
   16 bits decide on a unit, so that one run of the cipher does for four. Of 64 units in a row, the first sixteen
   take the lower half of the first number, the next its upper half, then those of the second number. */
static void draw_factors(Key key, float rate, long units, long rows, float *factors, long stride) {
  vec kept = all(1 / (1 - rate)), least = all(rate * 65536);
  uvec places;
  for (int i = 0; i < WIDTH; i++) places[i] = i;
  for (long row = 0; row < rows; row++)
    for (long block = 0; block < units; block += 64)
      for (long first = 0; first < 16; first += WIDTH) {
        uvec x = {0}, y = places + (uint32_t)(block / 4 + first);
        x += (uint32_t)row;
        threefry(key, &x, &y);
        uvec bits[4] = {x & 0xFFFFu, x >> 16, y & 0xFFFFu, y >> 16};
        for (long part = 0; part < 4; part++) {
          long unit = block + part * 16 + first;
          vec drawn = __builtin_convertvector((ivec)bits[part], vec);
          if (unit < padded(units)) store(factors + row * stride + unit, choose(least <= drawn, kept, all(0)));
        }
      }
}

typedef unsigned __int128 wide;

typedef struct {
  wide state, step;
  uint32_t half; /* the upper half of the last number drawn, where `has_half` */
  int has_half;
} Pcg;

ALWAYS_INLINE void pcg_advance(Pcg *g) {
  g->state = g->state * (((wide)2549297995355413924ULL << 64) | 4865540595714422341ULL) + g->step;
}

/* Seeded with two numbers of 128 bits, each as its upper and its lower half. */
static Pcg pcg_seeded(const uint64_t *seed) {
  Pcg g = {0};
  g.step = ((((wide)seed[2] << 64) | seed[3]) << 1) | 1;
  pcg_advance(&g);
  g.state += ((wide)seed[0] << 64) | seed[1];
  pcg_advance(&g);
  return g;
}

/* 32 bits: the lower half of a number, then its upper half. */
ALWAYS_INLINE uint32_t pcg_next(Pcg *g) {
  if (g->has_half) {
    g->has_half = 0;
    return g->half;
  }
  pcg_advance(g);
  uint64_t x = (uint64_t)(g->state >> 64) ^ (uint64_t)g->state;
  int by = (int)(g->state >> 122);
  x = (x >> by) | (x << (-by & 63));
  g->half = (uint32_t)(x >> 32);
  g->has_half = 1;
  return (uint32_t)x;
}

/* From 0 to `most`, each as likely; `mask` is the least 2^n - 1 that is not below it. */
ALWAYS_INLINE uint32_t pcg_to(Pcg *g, uint32_t most, uint32_t mask) {
  uint32_t drawn;
  do drawn = pcg_next(g) & mask;
  while (drawn > most);
  return drawn;
}

#endif
