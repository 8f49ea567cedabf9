// Hooks of tensors: Go functions that see gradients during the backward pass.

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "callback.h"
#include "guard.h"

namespace ct {

namespace autograd = torch::autograd;

// A hook_list has the hooks of one tensor, in the order of registration. The
// tensor and its node share it.
struct hook_list {
  std::mutex mutex;
  std::vector<go_ptr> hooks;

  std::vector<go_ptr> copy() {
    const std::lock_guard<std::mutex> lock(mutex);
    return hooks;
  }

  go_ptr remove(uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex);
    auto at = std::find_if(hooks.begin(), hooks.end(), [id](const go_ptr &h) { return h->id == id; });
    if (at == hooks.end()) return nullptr;
    go_ptr hook = std::move(*at);
    hooks.erase(at);
    return hook;
  }
};

// Where each hook is, for its removal. An entry ends with the hook.
static std::mutex mutex;
static std::unordered_map<uint64_t, std::weak_ptr<hook_list>> lists;

static void add(const std::shared_ptr<hook_list> &list, uint64_t id) {
  // Forgets where it was before its id goes back to Go.
  const go_ptr ref = hold(id);
  const go_ptr hook(ref.get(), [ref](go_ref *r) {
    const std::lock_guard<std::mutex> lock(mutex);
    lists.erase(r->id);
  });
  {
    const std::lock_guard<std::mutex> lock(mutex);
    lists[id] = list;
  }
  const std::lock_guard<std::mutex> lock(list->mutex);
  list->hooks.push_back(hook);
}

// Runs before the gradient of a tensor is used; each hook may replace it.
struct TensorHook final : autograd::FunctionPreHook {
  std::shared_ptr<hook_list> list;
  size_t at;

  TensorHook(std::shared_ptr<hook_list> list, size_t at) : list(std::move(list)), at(at) {}

  autograd::variable_list operator()(const autograd::variable_list &grads) override {
    at::Tensor grad = grads[at];
    if (!grad.defined()) return grads;
    for (const go_ptr &hook : list->copy()) {
      at::Tensor result = call(*hook, 0, {grad}, 1)[0];
      if (!result.defined()) continue;
      autograd::check_variable_result(grad, result, "hook");
      grad = std::move(result);
    }
    autograd::variable_list out(grads);
    out[at] = std::move(grad);
    return out;
  }
};

// Runs after a gradient was added to the one of a leaf.
struct GradHook final : autograd::PostAccumulateGradHook {
  std::shared_ptr<hook_list> list = std::make_shared<hook_list>();

  void operator()(const at::Tensor &leaf) override {
    for (const go_ptr &hook : list->copy()) call(*hook, 0, {leaf}, 0);
  }
};

ct_err register_hook(ct_tensor t, uint64_t id) noexcept {
  return guard([&] {
    const at::Tensor &tensor = ref(t);
    std::shared_ptr<hook_list> list;
    for (const auto &hook : autograd::impl::hooks(tensor))
      if (auto *ours = dynamic_cast<TensorHook *>(hook.get())) list = ours->list;
    if (list == nullptr) {
      list = std::make_shared<hook_list>();
      if (const auto &node = tensor.grad_fn())
        node->add_tensor_pre_hook(std::make_unique<TensorHook>(list, tensor.output_nr()));
      autograd::impl::add_hook(tensor, std::make_unique<TensorHook>(list, 0));
    }
    add(list, id);
  });
}

ct_err register_grad_hook(ct_tensor t, uint64_t id) noexcept {
  return guard([&] {
    auto &slot = autograd::impl::post_acc_grad_hooks(ref(t));
    if (slot == nullptr) autograd::impl::set_post_acc_grad_hooks(ref(t), std::make_unique<GradHook>());
    auto *ours = dynamic_cast<GradHook *>(slot.get());
    TORCH_CHECK(ours != nullptr, "the tensor has a hook of another binding");
    add(ours->list, id);
  });
}

void remove_hook(uint64_t id) noexcept {
  std::shared_ptr<hook_list> list;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    auto at = lists.find(id);
    if (at == lists.end()) return;
    list = at->second.lock();
  }
  if (list != nullptr) list->remove(id);
}

}  // namespace ct
