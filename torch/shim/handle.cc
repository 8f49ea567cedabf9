// Handles: sharing, freeing and describing tensors.

#include "guard.h"

namespace ct {

void give_list(std::vector<at::Tensor> &&list, ct_tensor *out) {
  size_t i = 0;
  try {
    for (; i < list.size(); i++) out[i] = list[i].defined() ? give(std::move(list[i])) : 0;
  } catch (...) {
    while (i > 0)
      if (out[--i] != 0) drop(out[i]);
    throw;
  }
}

ct_ret retain(ct_tensor t) noexcept {
  return guard_tensor([&] { return at::Tensor(ref(t)); });
}

void release(ct_tensor t) noexcept { drop(t); }

void release_many(const ct_tensor *t, int64_t n) noexcept {
  for (int64_t i = 0; i < n; i++)
    if (t[i] != 0) drop(t[i]);
}

ct_err describe(ct_tensor h, ct_meta *out) noexcept {
  return guard([&] {
    const at::Tensor &t = ref(h);
    TORCH_CHECK(t.defined(), "the tensor is undefined");
    TORCH_CHECK(t.dim() <= 16, "tensors of more than 16 dimensions are not supported, this one has ", t.dim());
    out->dim = t.dim();
    for (int64_t i = 0; i < out->dim; i++) out->size[i] = t.size(i);
    out->numel = t.numel();
    out->dtype = static_cast<int8_t>(t.scalar_type());
    out->device_type = static_cast<int8_t>(t.device().type());
    out->device_index = static_cast<int8_t>(t.device().has_index() ? t.device().index() : 0);
    out->requires_grad = t.requires_grad();
    out->is_leaf = t.is_leaf();
    out->contiguous = t.is_contiguous();
    out->channels_last = t.is_contiguous(at::MemoryFormat::ChannelsLast);
  });
}

void *data(ct_tensor t) noexcept {
  try {
    return ref(t).data_ptr();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace ct
