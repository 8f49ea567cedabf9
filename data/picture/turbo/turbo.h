// The C side of package turbo.
#ifndef SSLMEM_TURBO_H
#define SSLMEM_TURBO_H

#include <stdint.h>

// turbo_open opens the library, once, before anything else is called. It returns
// 1, or 0 if there is no such library or it lacks a function.
int turbo_open(const char *name);

// turbo_decode decodes a file of w×h pixels. rgb and planes have room for 3·w·h
// bytes; planes becomes [3, h, w]. It returns 0 if the library has any error or
// warning, or the picture has another size.
int turbo_decode(const uint8_t *file, int64_t size, int32_t w, int32_t h, uint8_t *rgb, uint8_t *planes);

#endif  // SSLMEM_TURBO_H
