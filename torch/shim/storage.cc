// Storages: the memory under tensors, for files that keep which tensors share it.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "guard.h"

namespace ct {

ct_err storage(ct_tensor h, ct_layout *out) noexcept {
  return guard([&] {
    const at::Tensor &t = ref(h);
    TORCH_CHECK(t.layout() == c10::kStrided && t.has_storage(), "only dense tensors have a storage");
    TORCH_CHECK(t.dim() <= 16, "the tensor has ", t.dim(), " dimensions, more than 16");
    out->storage = reinterpret_cast<uintptr_t>(t.storage().unsafeGetStorageImpl());
    out->bytes = static_cast<int64_t>(t.storage().nbytes());
    out->offset = t.storage_offset();
    for (int64_t i = 0; i < t.dim(); i++) out->stride[i] = t.stride(i);
    out->conj = t.is_conj();
    out->neg = t.is_neg();
  });
}

ct_ret on_storage(ct_tensor base, const int64_t *size, const int64_t *stride, int64_t dim, int64_t offset, int8_t dtype) noexcept {
  return guard_tensor([&] {
    at::AutoGradMode off(false);
    const at::Tensor &b = ref(base);
    at::Tensor t = at::empty({0}, b.options().dtype(ct::dtype(dtype)));
    // set_ grows a storage that is too small; here that would hide a mistake.
    int64_t last = offset;
    for (int64_t i = 0; i < dim; i++) {
      if (size[i] == 0) last = -1;
      if (last >= 0) last += (size[i] - 1) * stride[i];
    }
    TORCH_CHECK(offset >= 0 && (last + 1) * static_cast<int64_t>(t.itemsize()) <= static_cast<int64_t>(b.storage().nbytes()),
                "the tensor reaches past the end of its storage");
    t.set_(b.storage(), offset, at::IntArrayRef(size, dim), at::IntArrayRef(stride, dim));
    return t;
  });
}

}  // namespace ct
