/* Products of matrices as small as those of a layer and a mini-batch.

   A tile of C, a few rows by one or two vectors, stays in registers while it runs through the depth: for
   each k, the vectors of B's row k are loaded once and multiplied by one number of A a row of the tile.
   Nothing is copied into another order first, which for small matrices costs as much as it saves.

   Source: Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication" (the inner kernel). */

#ifndef STURGEON_PRODUCT_H
#define STURGEON_PRODUCT_H

#include "vectors.h"

/* Rows of a tile: as many as there are registers for. 6 or 8. */
#ifndef TILE_ROWS
#ifdef __AVX512F__
#define TILE_ROWS 8
#else
#define TILE_ROWS 6
#endif
#endif
/* So much of the depth at a time: a tile's parts of B and A then stay in the first cache. A's takes a line of the cache
   for every k, unless A lies along the depth: then twice as much. */
#define DEPTH_BLOCK 128

/* A matrix as the left factor: element (i, k) is at[i * row + k * depth]; one of the steps is 1. */
typedef struct {
  const float *at;
  long row, depth;
} Left;

ALWAYS_INLINE void tile(int rows, int vectors, long depth, Left a, const float *b, long b_stride, float *c,
                        long c_stride, int add) {
  vec sum[TILE_ROWS][2];
  _Pragma("GCC unroll 8") for (int i = 0; i < rows; i++)
      _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++)
          sum[i][v] = add ? load(c + i * c_stride + v * WIDTH) : (vec){0};
  _Pragma("GCC unroll 4") for (long k = 0; k < depth; k++, b += b_stride) {
    vec right[2];
    _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++) right[v] = load(b + v * WIDTH);
    _Pragma("GCC unroll 8") for (int i = 0; i < rows; i++) {
      vec left = all(a.at[i * a.row + k * a.depth]);
      _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++) sum[i][v] += left * right[v];
    }
  }
  _Pragma("GCC unroll 8") for (int i = 0; i < rows; i++)
      _Pragma("GCC unroll 2") for (int v = 0; v < vectors; v++)
          store(c + i * c_stride + v * WIDTH, sum[i][v]);
}

/* A tile of a number of rows that is known only now. */
ALWAYS_INLINE void any_tile(int rows, int vectors, long depth, Left a, const float *b, long b_stride, float *c,
                            long c_stride, int add) {
  switch (rows) {
#if TILE_ROWS == 8
  case 8: tile(8, vectors, depth, a, b, b_stride, c, c_stride, add); break;
  case 7: tile(7, vectors, depth, a, b, b_stride, c, c_stride, add); break;
#endif
  case 6: tile(6, vectors, depth, a, b, b_stride, c, c_stride, add); break;
  case 5: tile(5, vectors, depth, a, b, b_stride, c, c_stride, add); break;
  case 4: tile(4, vectors, depth, a, b, b_stride, c, c_stride, add); break;
  case 3: tile(3, vectors, depth, a, b, b_stride, c, c_stride, add); break;
  case 2: tile(2, vectors, depth, a, b, b_stride, c, c_stride, add); break;
  default: tile(1, vectors, depth, a, b, b_stride, c, c_stride, add); break;
  }
}

/* How many rows the next tile takes: a last tile of one or two rows would wait for its own sums. */
ALWAYS_INLINE int rows_of_tile(long left) {
  if (left > TILE_ROWS && left < TILE_ROWS + 3) return TILE_ROWS - 2;
  return left < TILE_ROWS ? (int)left : TILE_ROWS;
}

ALWAYS_INLINE void tiles(long m, long n, long depth, Left a, const float *b, long b_stride, float *c,
                         long c_stride, int add) {
  for (long j = 0; j < n; j += 2 * WIDTH) {
    int two = j + WIDTH < n;
    for (long i = 0; i < m;) {
      int rows = rows_of_tile(m - i);
      Left part = {a.at + i * a.row, a.row, a.depth};
      if (two)
        any_tile(rows, 2, depth, part, b + j, b_stride, c + i * c_stride + j, c_stride, add);
      else
        any_tile(rows, 1, depth, part, b + j, b_stride, c + i * c_stride + j, c_stride, add);
      i += rows;
    }
  }
}

/* C[m, n] = A[m, depth] B[depth, n], with B and C in strides of their own. */
static void multiply(long m, long n, long depth, Left a, const float *b, long b_stride, float *c, long c_stride) {
  long most = a.depth == 1 ? 2 * DEPTH_BLOCK : DEPTH_BLOCK;
  for (long k = 0; k < depth; k += most) {
    long block = depth - k < most ? depth - k : most;
    const float *rows = b + k * b_stride;
    if (a.depth == 1)
      tiles(m, n, block, (Left){a.at + k, a.row, 1}, rows, b_stride, c, c_stride, k > 0);
    else
      tiles(m, n, block, (Left){a.at + k * a.depth, 1, a.depth}, rows, b_stride, c, c_stride, k > 0);
  }
}

typedef float eight __attribute__((vector_size(32)));
typedef int32_t places __attribute__((vector_size(32)));

/* Eight of the sixteen floats of two vectors. GCC has its own name for it, and the other one since version 12. */
#if defined(__GNUC__) && !defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (places){__VA_ARGS__})
#else
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif

/* An 8 × 8 block, transposed in registers. */
ALWAYS_INLINE void transpose_block(const float *from, long from_stride, float *to, long to_stride) {
  eight r[8], s[8];
  for (int i = 0; i < 8; i++) r[i] = *(const eight *)(from + i * from_stride);
  for (int i = 0; i < 8; i += 2) {
    s[i] = SHUFFLE(r[i], r[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    s[i + 1] = SHUFFLE(r[i], r[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + j] = SHUFFLE(s[i + j], s[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      r[i + j + 2] = SHUFFLE(s[i + j], s[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int j = 0; j < 4; j++) {
    *(eight *)(to + j * to_stride) = SHUFFLE(r[j], r[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(eight *)(to + (j + 4) * to_stride) = SHUFFLE(r[j], r[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/* to[columns, rows] = from[rows, columns] transposed; whole blocks of 8 × 8 of both must be there. */
static void transpose(long rows, long columns, const float *from, long from_stride, float *to, long to_stride) {
  for (long i = 0; i < rows; i += 8)
    for (long j = 0; j < columns; j += 8)
      transpose_block(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
}

#endif
