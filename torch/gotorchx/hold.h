#ifndef GX_HOLD_H
#define GX_HOLD_H

#include <stdint.h>

// Between gx_hold and gx_release, which nest, no tensor of gotorch is freed.
void gx_hold(void);
void gx_release(void);

// gx_waiting counts the tensors that gx_release will free.
int64_t gx_waiting(void);

#endif  // GX_HOLD_H
