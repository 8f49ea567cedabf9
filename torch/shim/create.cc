// Construction of tensors and copies between host and device.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index.h>
#include <ATen/ops/item.h>

#include <cstring>

#include "guard.h"

namespace ct {

static at::TensorOptions options(int8_t dtype, int8_t device_type, int8_t device_index) {
  return at::TensorOptions().dtype(ct::dtype(dtype)).device(device(device_type, device_index));
}

ct_ret empty(const int64_t *size, int64_t dim, int8_t dtype, int8_t device_type, int8_t device_index, int8_t format) noexcept {
  return guard_tensor([&] {
    return at::empty(at::IntArrayRef(size, dim), options(dtype, device_type, device_index),
                     memory_format(format));
  });
}

ct_ret full(const int64_t *size, int64_t dim, double value, int8_t dtype, int8_t device_type, int8_t device_index) noexcept {
  return guard_tensor([&] { return at::full(at::IntArrayRef(size, dim), value, options(dtype, device_type, device_index)); });
}

ct_ret arange(double start, double end, double step, int8_t dtype, int8_t device_type, int8_t device_index) noexcept {
  return guard_tensor([&] { return at::arange(start, end, step, options(dtype, device_type, device_index)); });
}

ct_ret eye(int64_t n, int8_t dtype, int8_t device_type, int8_t device_index) noexcept {
  return guard_tensor([&] { return at::eye(n, options(dtype, device_type, device_index)); });
}

ct_ret from_host(const void *data, int64_t bytes, const int64_t *size, int64_t dim, int8_t dtype) noexcept {
  return guard_tensor([&] {
    at::Tensor t = at::empty(at::IntArrayRef(size, dim), options(dtype, 0, 0));
    TORCH_CHECK(static_cast<int64_t>(t.nbytes()) == bytes, "the shape needs ", t.nbytes(), " bytes but ", bytes, " were given");
    if (bytes > 0) std::memcpy(t.mutable_data_ptr(), data, bytes);
    return t;
  });
}

// A host view of Go memory lives only inside the call that makes it.
static at::Tensor host_view(const at::Tensor &like, void *data, int64_t bytes) {
  TORCH_CHECK(static_cast<int64_t>(like.nbytes()) == bytes, "the tensor holds ", like.nbytes(), " bytes but ", bytes, " were given");
  return at::from_blob(data, like.sizes(), at::TensorOptions().dtype(like.scalar_type()));
}

ct_err copy_from_host(ct_tensor t, const void *data, int64_t bytes) noexcept {
  return guard([&] {
    if (bytes == 0 && ref(t).nbytes() == 0) return;
    at::AutoGradMode off(false);
    ref(t).copy_(host_view(ref(t), const_cast<void *>(data), bytes));
  });
}

ct_err copy_to_host(ct_tensor t, void *data, int64_t bytes) noexcept {
  return guard([&] {
    if (bytes == 0 && ref(t).nbytes() == 0) return;
    at::AutoGradMode off(false);
    host_view(ref(t), data, bytes).copy_(ref(t));
  });
}

ct_ret to(ct_tensor h, int8_t dtype, int8_t device_type, int8_t device_index) noexcept {
  return guard_tensor([&] {
    const at::Tensor &t = ref(h);
    const auto kind = dtype == -1 ? t.scalar_type() : ct::dtype(dtype);
    return t.to(device_type < 0 ? t.device() : device(device_type, device_index), kind);
  });
}

ct_err item(ct_tensor t, double *out) noexcept {
  return guard([&] { *out = ref(t).item().toDouble(); });
}

ct_err item_int(ct_tensor t, int64_t *out) noexcept {
  return guard([&] { *out = ref(t).item().toLong(); });
}

ct_ret index(ct_tensor t, const ct_tensor *indices, int64_t n) noexcept {
  return guard_tensor([&] { return at::index(ref(t), optional_list(indices, n)); });
}

}  // namespace ct
