// Functions whose backward pass is written in Go.

#include <ATen/autocast_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <mutex>

#include "callback.h"
#include "guard.h"

namespace ct {

namespace autograd = torch::autograd;

// The backward pass of a function runs with the autocast setting of its
// forward pass, on whatever thread it runs. No cast of a parameter is kept
// beyond it: one that was recorded belongs to a graph that ends with it.
struct autocast_state {
  static constexpr at::DeviceType devices[] = {at::kCPU, at::kCUDA};
  bool enabled[2];
  at::ScalarType dtype[2];

  autocast_state() {
    for (int i = 0; i < 2; i++) {
      enabled[i] = at::autocast::is_autocast_enabled(devices[i]);
      dtype[i] = at::autocast::get_autocast_dtype(devices[i]);
    }
  }

  void set() const {
    for (int i = 0; i < 2; i++) {
      at::autocast::set_autocast_enabled(devices[i], enabled[i]);
      at::autocast::set_autocast_dtype(devices[i], dtype[i]);
    }
  }
};

class with_autocast {
  const autocast_state before;
  const bool cache = at::autocast::is_autocast_cache_enabled();

 public:
  explicit with_autocast(const autocast_state &state) {
    at::autocast::set_autocast_cache_enabled(false);
    state.set();
  }
  ~with_autocast() {
    before.set();
    at::autocast::set_autocast_cache_enabled(cache);
  }
};

struct FunctionNode final : autograd::Node {
  go_ptr function;
  std::string title;
  std::vector<autograd::SavedVariable> saved;
  bool materialize_grads;
  bool freed = false;
  const autocast_state autocast;
  // What a gradient of zeros is made like, for each output.
  std::vector<std::pair<at::TensorOptions, std::vector<int64_t>>> outputs;

  FunctionNode(go_ptr function, std::string title, bool materialize_grads)
      : function(std::move(function)), title(std::move(title)), materialize_grads(materialize_grads) {}

  std::string name() const override { return title; }

  autograd::variable_list apply(autograd::variable_list &&grads) override {
    if (materialize_grads)
      for (size_t i = 0; i < outputs.size(); i++)
        if (!grads[i].defined()) grads[i] = at::zeros(outputs[i].second, outputs[i].first);
    const with_autocast guard(autocast);
    auto out = call(*function, reinterpret_cast<uintptr_t>(this), grads, num_outputs());
    for (size_t i = 0; i < out.size(); i++)
      if (!task_should_compute_output(i)) out[i].reset();
    return out;
  }

  void release_variables() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    freed = true;
    saved.clear();
  }

  std::vector<at::Tensor> unpack() {
    const std::lock_guard<std::mutex> lock(mutex_);
    TORCH_CHECK(!freed, autograd::ERR_BACKWARD_TWICE);
    std::vector<at::Tensor> tensors;
    for (const auto &s : saved) tensors.push_back(s.unpack(getptr()));
    return tensors;
  }
};

// Nodes were std::shared_ptrs with a deleter of their own before they became
// intrusive.
using node_ptr = decltype(autograd::Edge::function);

template <class Ptr, class N>
Ptr own(N *node) {
  if constexpr (requires { Ptr::unsafe_steal_from_new(node); })
    return Ptr::unsafe_steal_from_new(node);
  else
    return Ptr(node, [](auto *n) { deleteNode(n); });
}

// The outputs were computed without recording. They become outputs of a new
// node; one that another tensor shares, or that has a history of its own, is
// stood for by a second tensor over the same memory.
ct_err record_function(uint64_t id, const char *name, int64_t name_len, const ct_tensor *inputs, int64_t n,
                       const ct_tensor *outputs, const bool *differentiable, int64_t m, const ct_tensor *saved, int64_t k,
                       bool materialize_grads, ct_tensor *out) noexcept {
  go_ptr function = hold(id);
  return guard([&] {
    auto *node = new FunctionNode(std::move(function), std::string(name, name_len), materialize_grads);
    const node_ptr owner = own<node_ptr>(node);
    autograd::edge_list edges;
    for (int64_t i = 0; i < n; i++)
      edges.push_back(ref(inputs[i]).requires_grad() ? autograd::impl::gradient_edge(ref(inputs[i])) : autograd::Edge());
    node->set_next_edges(std::move(edges));

    const auto is_input = [&](const at::Tensor &t) {
      return std::any_of(inputs, inputs + n, [&](ct_tensor i) { return ref(i).is_same(t); });
    };
    std::vector<at::Tensor> results;
    for (int64_t i = 0; i < m; i++) {
      const at::Tensor &raw = ref(outputs[i]);
      at::Tensor t = raw.use_count() > 1 || raw.requires_grad() || raw.is_view() ? raw.detach() : raw;
      node->outputs.emplace_back(t.options(), t.sizes().vec());
      if (differentiable[i])
        autograd::create_gradient_edge(t, owner);
      else
        node->add_input_metadata(autograd::Node::undefined_input{});
      results.push_back(std::move(t));
    }
    for (int64_t i = 0; i < k; i++) {
      const at::Tensor &t = ref(saved[i]);
      int64_t output = m;
      if (!is_input(t))
        for (output = 0; output < m && !(differentiable[output] && ref(outputs[output]).is_same(t));) output++;
      if (output < m)
        node->saved.emplace_back(results[output], /*is_output=*/true);
      else
        node->saved.emplace_back(t, /*is_output=*/false);
    }
    give_list(std::move(results), out);
  });
}

ct_list saved_tensors(uintptr_t node) noexcept {
  return guard_list([&] { return reinterpret_cast<FunctionNode *>(node)->unpack(); });
}

bool needs_input_grad(uintptr_t node, int64_t i) noexcept {
  auto *f = reinterpret_cast<FunctionNode *>(node);
  return i >= 0 && i < f->num_outputs() && f->task_should_compute_output(i);
}

bool is_checkpoint_valid(void) noexcept { return autograd::Engine::get_default_engine().is_checkpoint_valid(); }

}  // namespace ct
