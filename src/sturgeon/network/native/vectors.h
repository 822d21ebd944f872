/* Vectors of WIDTH floats, and how matrices lie in memory.

   Every matrix is row-major. A row takes `stride_of(columns)` floats: whole vectors, an odd number of them, so
   that the rows of a column do not all fall into the same few sets of the cache; in wide matrices whole lines of
   the cache, so that a tile's row of two vectors is one line and not parts of two. What a row has beyond
   its columns is zero, and stays zero: a loop over a row runs over whole vectors and has no rest. */

#ifndef STURGEON_VECTORS_H
#define STURGEON_VECTORS_H

#include <stdint.h>

/* 8 or 16. */
#ifndef WIDTH
#ifdef __AVX512F__
#define WIDTH 16
#else
#define WIDTH 8
#endif
#endif

/* Floats of a line of the cache, and above how many columns a matrix is wide; `layout.py` has the same numbers. */
#define LINE 16
#define WIDE 128

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int32_t ivec __attribute__((vector_size(4 * WIDTH)));
typedef uint32_t uvec __attribute__((vector_size(4 * WIDTH)));

ALWAYS_INLINE vec load(const float *at) { return *(const vec *)at; }
ALWAYS_INLINE void store(float *at, vec value) { *(vec *)at = value; }
ALWAYS_INLINE vec all(float value) { return value - (vec){0}; }

/* `yes` where the condition holds, else `no`. */
ALWAYS_INLINE vec choose(ivec condition, vec yes, vec no) {
  return (vec)((condition & (ivec)yes) | (~condition & (ivec)no));
}

/* Columns, rounded up to whole vectors. */
ALWAYS_INLINE long padded(long columns) { return (columns + WIDTH - 1) / WIDTH * WIDTH; }

/* Floats from one row to the next. */
ALWAYS_INLINE long stride_of(long columns) {
  long unit = columns > WIDE ? LINE : WIDTH;
  return ((columns + unit - 1) / unit | 1) * unit;
}

#endif
