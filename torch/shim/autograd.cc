// Reverse-mode differentiation.

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "guard.h"

namespace ct {

ct_err set_requires_grad(ct_tensor t, bool on) noexcept {
  return guard([&] { ref(t).set_requires_grad(on); });
}

// The handle is 0 when the tensor has no gradient yet.
ct_ret grad(ct_tensor t) noexcept {
  try {
    const at::Tensor &g = ref(t).grad();
    if (!g.defined()) return {0, nullptr};
    return {give(at::Tensor(g)), nullptr};
  } catch (...) {
    return {0, translate()};
  }
}

ct_err set_grad(ct_tensor t, ct_tensor g) noexcept {
  return guard([&] {
    if (g == 0) {
      ref(t).mutable_grad().reset();
      return;
    }
    const at::Tensor &of = ref(t), &grad = ref(g);
    TORCH_CHECK(grad.sizes() == of.sizes(), "the gradient has the sizes ", grad.sizes(), ", the tensor ", of.sizes());
    TORCH_CHECK(grad.scalar_type() == of.scalar_type() && grad.device() == of.device(), "the gradient is ", grad.scalar_type(),
                " on ", grad.device(), ", the tensor ", of.scalar_type(), " on ", of.device());
    TORCH_CHECK(!grad.is_same(of), "a tensor cannot be its own gradient");
    of.mutable_grad() = grad;
  });
}

ct_err zero_grad(const ct_tensor *t, int64_t n) noexcept {
  return guard([&] {
    for (int64_t i = 0; i < n; i++)
      if (ref(t[i]).grad().defined()) ref(t[i]).mutable_grad().reset();
  });
}

static std::vector<at::Tensor> grad_list(const ct_tensor *grads, int64_t n) {
  if (grads == nullptr) return {};
  std::vector<at::Tensor> list(n);
  for (int64_t i = 0; i < n; i++)
    if (grads[i] != 0) list[i] = ref(grads[i]);
  return list;
}

ct_err backward(const ct_tensor *t, int64_t n, const ct_tensor *grads, bool retain_graph, bool create_graph,
                const ct_tensor *inputs, int64_t m) noexcept {
  return guard([&] {
    torch::autograd::backward(tensors(t, n), grad_list(grads, n), retain_graph, create_graph, tensors(inputs, m));
  });
}

// Gradients are 0 by inputs that no output depends on.
ct_err gradients(const ct_tensor *outputs, int64_t n, const ct_tensor *grads, const ct_tensor *inputs, int64_t m,
                 bool retain_graph, bool create_graph, ct_tensor *out) noexcept {
  return guard([&] {
    auto result = torch::autograd::grad(tensors(outputs, n), tensors(inputs, m), grad_list(grads, n), retain_graph,
                                        create_graph, /*allow_unused=*/true);
    give_list(std::move(result), out);
  });
}

bool set_grad_mode(bool on) noexcept {
  const bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(on);
  return before;
}

bool get_grad_mode(void) noexcept { return c10::GradMode::is_enabled(); }

ct_err detach_in_place(ct_tensor t) noexcept {
  return guard([&] { ref(t).detach_(); });
}

// The result keeps what was set before; leaving must happen on the same thread.
uintptr_t inference_enter(void) noexcept { return reinterpret_cast<uintptr_t>(new c10::InferenceMode(true)); }

void inference_leave(uintptr_t before) noexcept { delete reinterpret_cast<c10::InferenceMode *>(before); }

bool get_inference_mode(void) noexcept { return c10::InferenceMode::is_enabled(); }

ct_flag is_inference(ct_tensor t) noexcept {
  return guard_flag([&] { return ref(t).is_inference(); });
}

}  // namespace ct
