/* The loss of a mini-batch and its gradient, from the outputs. */

#ifndef STURGEON_LOSSES_H
#define STURGEON_LOSSES_H

#include <math.h>

#include "vectors.h"

/* e to the power of numbers that are not above 0; NaN stays NaN. To 2 units in the last place.
   Source: the polynomial of the Cephes library's expf (Moshier). */
ALWAYS_INLINE vec exponential(vec x) {
  x = choose(x < all(-87), all(-87), x);
  vec shift = all(12582912.0f); /* 1.5 · 2²³: adding it rounds to an integer */
  vec whole = (x * all(1.44269504f) + shift) - shift;
  vec r = x - whole * all(0.693359375f) + whole * all(2.12194440e-4f);
  vec p = all(1.9875691500e-4f);
  p = p * r + all(1.3981999507e-3f);
  p = p * r + all(8.3334519073e-3f);
  p = p * r + all(4.1665795894e-2f);
  p = p * r + all(1.6666665459e-1f);
  p = p * r + all(5.0000001201e-1f);
  p = p * r * r + r + all(1);
  ivec power = __builtin_convertvector(choose(whole == whole, whole, all(0)), ivec);
  return p * (vec)((power + 127) << 23);
}

/* Cross-entropy of softmax. Outputs [rows, classes] in a stride become the gradient of the mean loss.
   Returns the loss summed over the rows. */
static double softmax_loss(long rows, long classes, float *outputs, long stride, const int32_t *truth) {
  double total = 0;
  for (long i = 0; i < rows; i++) {
    float *row = outputs + i * stride, most = row[0], sum = 0, least = row[0];
    for (long c = 1; c < classes; c++) most = row[c] > most ? row[c] : most, least = row[c] < least ? row[c] : least;
    float of_truth = row[truth[i]] - most;
    for (long c = 0; c < classes; c += WIDTH) store(row + c, exponential(load(row + c) - all(most)));
    for (long c = 0; c < classes; c++) sum += row[c];
    if (least - least != 0) sum = NAN; /* −∞ has diverged too, though e to its power is 0 */
    total += logf(sum) - of_truth;
    vec share = all(1 / (sum * rows));
    for (long c = 0; c < classes; c += WIDTH) store(row + c, load(row + c) * share);
    for (long c = classes; c < padded(classes); c++) row[c] = 0;
    row[truth[i]] -= 1.0f / rows;
  }
  return total;
}

/* Squared error of one output; the same contract. */
static double squared_loss(long rows, float *outputs, long stride, const float *truth) {
  double total = 0;
  for (long i = 0; i < rows; i++) {
    float error = outputs[i * stride] - truth[i];
    total += error * error;
    outputs[i * stride] = 2 * error / rows;
  }
  return total;
}

#endif
