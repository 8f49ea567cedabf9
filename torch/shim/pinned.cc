// Pinned host memory, and copies that run beside the computation.

#include <ATen/ops/copy.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/is_pinned.h>
#include <ATen/ops/pin_memory.h>

#include "guard.h"

namespace ct {

ct_ret empty_pinned(const int64_t *size, int64_t dim, int8_t dtype) noexcept {
  return guard_tensor([&] {
    return at::empty(at::IntArrayRef(size, dim), at::TensorOptions().dtype(ct::dtype(dtype)).pinned_memory(true));
  });
}

ct_ret pin_memory(ct_tensor t) noexcept {
  return guard_tensor([&] { return ref(t).pin_memory(); });
}

ct_flag is_pinned(ct_tensor t) noexcept {
  return guard_flag([&] { return ref(t).is_pinned(); });
}

ct_ret to_async(ct_tensor t, int8_t device_type, int8_t device_index) noexcept {
  return guard_tensor([&] {
    return ref(t).to(device(device_type, device_index), ref(t).scalar_type(), /*non_blocking=*/true, /*copy=*/false);
  });
}

ct_err copy_async(ct_tensor t, ct_tensor src) noexcept {
  return guard([&] { ref(t).copy_(ref(src), /*non_blocking=*/true); });
}

}  // namespace ct
