// The C side of package fused: one call makes some views, each from bytes to
// the normalised result in one go. It allocates nothing and knows no thread.
#ifndef SSLMEM_FUSED_VIEW_H
#define SSLMEM_FUSED_VIEW_H

#include <stdint.h>

// Weights along one axis, as places in the arrays weight and start of a call.
typedef struct {
  int64_t weight;
  int64_t start;
  int32_t taps;
} fused_axis;

// The parameters of one view.
typedef struct {
  int64_t image;  // place of its image in pixels
  fused_axis x, y;
  int32_t top, left, height, width;  // of the crop
  float factor[4];                   // of brightness, contrast, saturation; then the turn of the hue
  uint8_t step[4];                   // which of the four act, in this order
  uint8_t steps;                     // how many do
  uint8_t flip, vflip, gray, blur, solarize, invert;
} fused_view;

// What all views of a call have in common.
typedef struct {
  int32_t channels, height, width;  // of an image, [channels, height, width]
  int32_t size;                     // of a view
  int32_t clamp;                    // after the resize
  int32_t kernel;                   // side of the blur's kernel
  int32_t channels_last, bfloat16;  // how results are written
  int64_t every;                    // elements from the first of one view to the first of the next
  float scale[3], shift[3];         // of the normalisation
} fused_job;

// The levels of instructions that there may be code for.
enum { FUSED_BASE, FUSED_AVX2, FUSED_AVX512, FUSED_LEVELS };

// fused_best returns the highest level that this processor has.
int fused_best(void);

// fused_views makes n views. The view of number i gets the weights of its blur
// from gauss + i·kernel. scratch has room for fused_scratch floats.
void fused_views(int level, const fused_job *job, const fused_view *views, int64_t n, const uint8_t *pixels,
                 const float *weight, const int32_t *start, const float *gauss, float *scratch, void *out);

// fused_scratch returns how many floats fused_views needs.
int64_t fused_scratch(const fused_job *job);

#endif  // SSLMEM_FUSED_VIEW_H
