#include "turbo.h"

#include <dlfcn.h>
#include <stddef.h>

// The functions of TurboJPEG that are used, as its manual declares them.
static void *(*init_decompress)(void);
static int (*destroy)(void *);
static int (*header)(void *, const unsigned char *, unsigned long, int *, int *, int *, int *);
static int (*decompress)(void *, const unsigned char *, unsigned long, unsigned char *, int, int, int, int, int);

enum { RGB = 0, ACCURATE_DCT = 4096, STOP_ON_WARNING = 8192, LIMIT_SCANS = 32768 };

int turbo_open(const char *name) {
  void *lib = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (lib == NULL) return 0;
  *(void **)&init_decompress = dlsym(lib, "tjInitDecompress");
  *(void **)&destroy = dlsym(lib, "tjDestroy");
  *(void **)&header = dlsym(lib, "tjDecompressHeader3");
  *(void **)&decompress = dlsym(lib, "tjDecompress2");
  if (init_decompress == NULL || destroy == NULL || header == NULL || decompress == NULL) {
    dlclose(lib);
    return 0;
  }
  return 1;
}

// A decoder that is used again may keep tables of the file before, and points to
// the stack of the call before; a new one costs little beside the decoding.
static int decode(void *decoder, const uint8_t *file, int64_t size, int32_t w, int32_t h, uint8_t *rgb) {
  int width = 0, height = 0, sampling = 0, space = 0;
  if (header(decoder, file, (unsigned long)size, &width, &height, &sampling, &space) != 0) return 0;
  if (width != w || height != h) return 0;
  return decompress(decoder, file, (unsigned long)size, rgb, w, 0, h, RGB, ACCURATE_DCT | STOP_ON_WARNING | LIMIT_SCANS) == 0;
}

int turbo_decode(const uint8_t *file, int64_t size, int32_t w, int32_t h, uint8_t *restrict rgb,
                 uint8_t *restrict planes) {
  void *decoder = init_decompress();
  if (decoder == NULL) return 0;
  int done = decode(decoder, file, size, w, h, rgb);
  destroy(decoder);
  if (!done) return 0;
  int64_t area = (int64_t)w * h;
  for (int64_t i = 0; i < area; i++) {
    planes[i] = rgb[3 * i];
    planes[area + i] = rgb[3 * i + 1];
    planes[2 * area + i] = rgb[3 * i + 2];
  }
  return 1;
}
