#include "view.h"

#include <string.h>

// The code of view_body.h is compiled once for each level of instructions, with
// the same order of operations and no fused multiplication, so that every level
// gives the same bits.
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math", "no-signed-zeros", "finite-math-only")
#pragma GCC optimize("fp-contract=off")

// The weights of red, green and blue in grey, of ITU-R BT.601.
#define GRAY(r, g, b) (0.2989f * (r) + 0.587f * (g) + 0.114f * (b))

// Scratch memory of one view.
typedef struct {
  float *line;    // one row of the crop, or of the view with mirrored ends
  float *rows;    // crop resized along x, [crop height, size]
  float *planes;  // the view, [channels, size, size]
  float *blurred; // one channel blurred along x
} memory;

enum { SLACK = 64 };  // floats that vectors may touch behind the end

static int64_t line_length(const fused_job *job) {
  int64_t mirrored = (int64_t)job->size + job->kernel;
  return (job->width > mirrored ? job->width : mirrored) + SLACK;
}

int64_t fused_scratch(const fused_job *job) {
  int64_t size = job->size, area = size * size;
  return line_length(job) + job->height * size + SLACK + (job->channels + 1) * (area + SLACK);
}

static memory divide(const fused_job *job, float *scratch) {
  int64_t size = job->size;
  memory m;
  m.line = scratch;
  m.rows = m.line + line_length(job);
  m.planes = m.rows + job->height * size + SLACK;
  m.blurred = m.planes + job->channels * size * size + SLACK;
  return m;
}

#define VECTOR 16
#define NAME(x) x##_base
#include "view_body.h"
#undef NAME
#undef VECTOR

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#define VECTOR 32
#define NAME(x) x##_avx2
#include "view_body.h"
#undef NAME
#undef VECTOR
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4,prefer-vector-width=512")
#define VECTOR 64
#define NAME(x) x##_avx512
#include "view_body.h"
#undef NAME
#undef VECTOR
#pragma GCC pop_options

int fused_best(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd"))
    return FUSED_AVX512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") ? FUSED_AVX2 : FUSED_BASE;
}

#else

int fused_best(void) { return FUSED_BASE; }
#define views_avx2 views_base
#define views_avx512 views_base

#endif

void fused_views(int level, const fused_job *job, const fused_view *views, int64_t n, const uint8_t *pixels,
                 const float *weight, const int32_t *start, const float *gauss, float *scratch, void *out) {
  memory m = divide(job, scratch);
  switch (level) {
    case FUSED_AVX512: views_avx512(job, views, n, pixels, weight, start, gauss, &m, out); return;
    case FUSED_AVX2: views_avx2(job, views, n, pixels, weight, start, gauss, &m, out); return;
    default: views_base(job, views, n, pixels, weight, start, gauss, &m, out);
  }
}
