// The engine, for the instructions that view.c has chosen. Every function does
// what the function of the same name in data/augment does, in the same order of
// additions.

typedef float NAME(vec) __attribute__((vector_size(VECTOR), aligned(4), may_alias));

static inline float NAME(clamp)(float v) {
  v = v > 1 ? 1 : v;
  return v < 0 ? 0 : v;
}

// row resizes one row; step is −1 to mirror it. With a constant number of taps
// the compiler unrolls.
static inline __attribute__((always_inline)) void NAME(row_taps)(float *dst, int64_t step, const float *line, const int32_t *start,
                                                                 const float *weight, int64_t taps, int64_t size) {
  for (int64_t o = 0; o < size; o++, dst += step, weight += taps) {
    const float *from = line + start[o];
    float sum = from[0] * weight[0];
    for (int64_t t = 1; t < taps; t++) sum += from[t] * weight[t];
    *dst = sum;
  }
}

static void NAME(row)(float *dst, int64_t step, const float *line, const int32_t *start, const float *weight, int64_t taps, int64_t size) {
  switch (taps) {
    case 1: NAME(row_taps)(dst, step, line, start, weight, 1, size); break;
    case 2: NAME(row_taps)(dst, step, line, start, weight, 2, size); break;
    case 3: NAME(row_taps)(dst, step, line, start, weight, 3, size); break;
    case 4: NAME(row_taps)(dst, step, line, start, weight, 4, size); break;
    default: NAME(row_taps)(dst, step, line, start, weight, taps, size);
  }
}

// sum writes to dst the weighted sum of taps lines, which begin every floats
// after each other.
static inline __attribute__((always_inline)) void NAME(sum_taps)(float *restrict dst, const float *restrict from, int64_t every,
                                                                 const float *weight, int64_t taps, int64_t n) {
  int64_t x = 0, lanes = VECTOR / 4;
  for (; x + 2 * lanes <= n; x += 2 * lanes) {
    const float *p = from + x;
    NAME(vec) a = *(const NAME(vec) *)p * weight[0], b = *(const NAME(vec) *)(p + lanes) * weight[0];
    for (int64_t t = 1; t < taps; t++) {
      p += every;
      a += *(const NAME(vec) *)p * weight[t];
      b += *(const NAME(vec) *)(p + lanes) * weight[t];
    }
    *(NAME(vec) *)(dst + x) = a;
    *(NAME(vec) *)(dst + x + lanes) = b;
  }
  for (; x < n; x++) {
    float a = from[x] * weight[0];
    for (int64_t t = 1; t < taps; t++) a += from[x + t * every] * weight[t];
    dst[x] = a;
  }
}

static void NAME(sum)(float *dst, const float *from, int64_t every, const float *weight, int64_t taps, int64_t n) {
  switch (taps) {
    case 1: NAME(sum_taps)(dst, from, every, weight, 1, n); break;
    case 2: NAME(sum_taps)(dst, from, every, weight, 2, n); break;
    case 3: NAME(sum_taps)(dst, from, every, weight, 3, n); break;
    default: NAME(sum_taps)(dst, from, every, weight, taps, n);
  }
}

// resize writes the crop of one channel, resized, mirrored and divided by 255.
static void NAME(resize)(float *dst, const fused_job *job, const fused_view *v, const uint8_t *channel, const float *weight,
                         const int32_t *start, const memory *m) {
  int64_t size = job->size;
  for (int64_t y = 0; y < v->height; y++) {
    const uint8_t *from = channel + (v->top + y) * job->width + v->left;
    float *line = m->line;
    for (int64_t x = 0; x < v->width; x++) line[x] = from[x];
    float *to = m->rows + y * size;
    NAME(row)(v->flip ? to + size - 1 : to, v->flip ? -1 : 1, line, start + v->x.start, weight + v->x.weight, v->x.taps, size);
  }
  float scaled[256];
  int64_t taps = v->y.taps;
  for (int64_t o = 0; o < size; o++) {
    float *to = dst + (v->vflip ? size - 1 - o : o) * size;
    const float *from = m->rows + start[v->y.start + o] * size, *w = weight + v->y.weight + o * taps;
    int64_t done = 0;
    while (done < taps) {  // once, unless an image is very much larger than its view
      int64_t k = taps - done < 256 ? taps - done : 256;
      for (int64_t t = 0; t < k; t++) scaled[t] = w[done + t] / 255;
      if (done == 0) {
        NAME(sum)(to, from, size, scaled, k, size);
      } else {
        for (int64_t t = 0; t < k; t++)
          for (int64_t x = 0; x < size; x++) to[x] += from[(done + t) * size + x] * scaled[t];
      }
      done += k;
    }
  }
}

static void NAME(affine)(float *x, int64_t n, float f, float b) {
  for (int64_t i = 0; i < n; i++) x[i] = NAME(clamp)(f * x[i] + b);
}

// mean adds four partial sums.
static float NAME(mean)(const float *x, int64_t n) {
  float a = 0, b = 0, c = 0, d = 0;
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    a += x[i];
    b += x[i + 1];
    c += x[i + 2];
    d += x[i + 3];
  }
  for (; i < n; i++) a += x[i];
  return ((a + b) + (c + d)) / n;
}

static void NAME(saturate)(float *restrict r, float *restrict g, float *restrict b, int64_t n, float f) {
  for (int64_t i = 0; i < n; i++) {
    float gray = (1 - f) * GRAY(r[i], g[i], b[i]);
    r[i] = NAME(clamp)(f * r[i] + gray);
    g[i] = NAME(clamp)(f * g[i] + gray);
    b[i] = NAME(clamp)(f * b[i] + gray);
  }
}

static void NAME(grayscale)(float *restrict r, float *restrict g, float *restrict b, int64_t n) {
  for (int64_t i = 0; i < n; i++) r[i] = g[i] = b[i] = GRAY(r[i], g[i], b[i]);
}

static void NAME(turn_hue)(float *restrict r, float *restrict g, float *restrict b, int64_t n, float turn) {
  turn = 6 * turn;
  for (int64_t i = 0; i < n; i++) {
    float red = r[i], green = g[i], blue = b[i];
    float v = red > green ? red : green, m = red < green ? red : green;
    v = blue > v ? blue : v;
    m = blue < m ? blue : m;
    float chroma = v - m;
    float ahead = v == red ? green : v == green ? blue : red;
    float behind = v == red ? blue : v == green ? red : green;
    float sextant = v == red ? 0 : v == green ? 2 : 4;
    float h = sextant + (ahead - behind) / (chroma == 0 ? 1 : chroma) + turn;
    h = h < 0 ? h + 6 : h >= 6 ? h - 6 : h;
    r[i] = m + chroma * NAME(clamp)(__builtin_fabsf(h - 3) - 1);
    g[i] = m + chroma * NAME(clamp)(2 - __builtin_fabsf(h - 2));
    b[i] = m + chroma * NAME(clamp)(2 - __builtin_fabsf(h - 4));
  }
}

static void NAME(jitter)(float *x, int c, int64_t n, const fused_view *v) {
  float *g = x + n, *b = g + n;
  for (int k = 0; k < v->steps; k++) {
    float f = v->factor[v->step[k]], mean;
    switch (v->step[k]) {
      case 0: NAME(affine)(x, c * n, f, 0); break;
      case 1:
        mean = c == 3 ? GRAY(NAME(mean)(x, n), NAME(mean)(g, n), NAME(mean)(b, n)) : NAME(mean)(x, n);
        NAME(affine)(x, c * n, f, (1 - f) * mean);
        break;
      case 2: NAME(saturate)(x, g, b, n, f); break;
      case 3: NAME(turn_hue)(x, g, b, n, f); break;
    }
  }
}

// copy_mirrored writes a line and reach mirrored pixels on both sides.
static void NAME(copy_mirrored)(float *restrict dst, const float *restrict line, int64_t n, int64_t reach) {
  for (int64_t i = 0; i < reach; i++) {
    dst[i] = line[reach - i];
    dst[reach + n + i] = line[n - 2 - i];
  }
  memcpy(dst + reach, line, n * sizeof(float));
}

static void NAME(blur)(float *x, const fused_job *job, const float *weight, const memory *m) {
  int64_t n = job->size, taps = job->kernel, reach = taps / 2;
  for (int64_t y = 0; y < n; y++) {
    NAME(copy_mirrored)(m->line, x + y * n, n, reach);
    NAME(sum)(m->blurred + y * n, m->line, 1, weight, taps, n);
  }
  for (int64_t y = 0; y < n; y++) {
    float *to = x + y * n;
    if (y >= reach && y + reach < n) {
      NAME(sum)(to, m->blurred + (y - reach) * n, n, weight, taps, n);
      continue;
    }
    for (int64_t t = 0; t < taps; t++) {
      int64_t at = y + t - reach;
      at = at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at;
      const float *from = m->blurred + at * n;
      float w = weight[t];
      if (t == 0) {
        for (int64_t i = 0; i < n; i++) to[i] = w * from[i];
      } else {
        for (int64_t i = 0; i < n; i++) to[i] += w * from[i];
      }
    }
  }
}

static void NAME(solarize)(float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = x[i] >= 0.5f ? 1 - x[i] : x[i];
}

static void NAME(invert)(float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = 1 - x[i];
}

// bfloat16 rounds to the nearest, and to an even last bit between two.
static inline uint16_t NAME(bfloat16)(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// write normalises the n pixels of the channels at x and lays them out.
static void NAME(write)(void *out, const float *restrict x, const fused_job *job, int64_t n) {
  int c = job->channels;
  const float *s = job->scale, *t = job->shift;
  if (job->channels_last && c == 3) {
    const float *restrict g = x + n, *restrict b = g + n;
    float s0 = s[0], s1 = s[1], s2 = s[2], t0 = t[0], t1 = t[1], t2 = t[2];
    if (job->bfloat16) {
      uint16_t *restrict to = out;
      for (int64_t i = 0; i < n; i++) {
        to[3 * i] = NAME(bfloat16)(x[i] * s0 + t0);
        to[3 * i + 1] = NAME(bfloat16)(g[i] * s1 + t1);
        to[3 * i + 2] = NAME(bfloat16)(b[i] * s2 + t2);
      }
      return;
    }
    float *restrict to = out;
    for (int64_t i = 0; i < n; i++) {
      to[3 * i] = x[i] * s0 + t0;
      to[3 * i + 1] = g[i] * s1 + t1;
      to[3 * i + 2] = b[i] * s2 + t2;
    }
    return;
  }
  for (int k = 0; k < c; k++) {
    const float *restrict from = x + k * n;
    float sk = s[k], tk = t[k];
    if (job->bfloat16) {
      uint16_t *restrict to = (uint16_t *)out + k * n;
      for (int64_t i = 0; i < n; i++) to[i] = NAME(bfloat16)(from[i] * sk + tk);
    } else {
      float *restrict to = (float *)out + k * n;
      for (int64_t i = 0; i < n; i++) to[i] = from[i] * sk + tk;
    }
  }
}

static void NAME(views)(const fused_job *job, const fused_view *views, int64_t n, const uint8_t *pixels, const float *weight,
                        const int32_t *start, const float *gauss, const memory *m, void *out) {
  int c = job->channels;
  int64_t area = (int64_t)job->size * job->size, plane = (int64_t)job->height * job->width;
  float *x = m->planes;
  for (int64_t i = 0; i < n; i++) {
    const fused_view *v = views + i;
    for (int k = 0; k < c; k++) NAME(resize)(x + k * area, job, v, pixels + v->image + k * plane, weight, start, m);
    if (job->clamp) NAME(affine)(x, c * area, 1, 0);
    NAME(jitter)(x, c, area, v);
    if (v->gray && c == 3) NAME(grayscale)(x, x + area, x + 2 * area, area);
    if (v->blur) {
      for (int k = 0; k < c; k++) NAME(blur)(x + k * area, job, gauss + i * job->kernel, m);
    }
    if (v->solarize) NAME(solarize)(x, c * area);
    if (v->invert) NAME(invert)(x, c * area);
    NAME(write)((char *)out + i * job->every * (job->bfloat16 ? 2 : 4), x, job, area);
  }
}
