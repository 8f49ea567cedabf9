// TorchScript modules.

#include <ATen/core/grad_mode.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>

#include "value.h"

namespace ct {

using torch::jit::Module;

static Module &module(ct_script m) { return *reinterpret_cast<Module *>(m); }

namespace {
// An archive in memory that outlives the reader.
class memory_t : public caffe2::serialize::ReadAdapterInterface {
 public:
  memory_t(const void *data, size_t size) : data_(static_cast<const char *>(data)), size_(size) {}
  size_t size() const override { return size_; }
  size_t read(uint64_t pos, void *buf, size_t n, const char *) const override {
    if (pos >= size_) return 0;
    n = std::min(n, size_ - static_cast<size_t>(pos));
    std::memcpy(buf, data_ + pos, n);
    return n;
  }

 private:
  const char *data_;
  size_t size_;
};
}  // namespace

ct_err script_load(const void *data, int64_t bytes, ct_script *out) noexcept {
  return guard([&] {
    auto reader = std::make_shared<memory_t>(data, static_cast<size_t>(bytes));
    *out = reinterpret_cast<ct_script>(new Module(torch::jit::load(reader, c10::Device(c10::kCPU), /*load_debug_files=*/false)));
  });
}

void script_free(ct_script m) noexcept { delete reinterpret_cast<Module *>(m); }

static std::string names_of(const Module &m) {
  std::string names;
  for (const auto &method : m.get_methods()) names += (names.empty() ? "" : ", ") + method.name();
  return names;
}

ct_value script_call(ct_script m, const char *method, int64_t method_len, const ct_cell *cells, int64_t n, int64_t positional,
                     const char *text) noexcept {
  return guard_value([&](writer_t &w) {
    const std::string name(method, method_len);
    const auto found = module(m).find_method(name);
    TORCH_CHECK_VALUE(found, "the module has no method ", name, "; it has ", names_of(module(m)));
    const auto &schema = found->function().getSchema();
    torch::jit::Stack stack;
    const std::string wrong = fit(schema, 1, arguments_t(cells, n, positional, text), stack);
    TORCH_CHECK_VALUE(wrong.empty(), wrong, "; the schema is ", schema);
    w.value((*found)(std::move(stack)));
  });
}

ct_value script_methods(ct_script m) noexcept {
  return guard_value([&](writer_t &w) {
    const auto methods = module(m).get_methods();
    w.start(CT_LIST, static_cast<int64_t>(methods.size()));
    for (const auto &method : methods) w.string(method.name());
  });
}

template <class F>
static void each_tensor(const Module &m, bool buffers, F &&f) {
  if (buffers) {
    for (const auto &b : m.named_buffers()) f(b.name, b.value);
  } else {
    for (const auto &p : m.named_parameters()) f(p.name, p.value);
  }
}

ct_value script_tensors(ct_script m, bool buffers) noexcept {
  return guard_value([&](writer_t &w) {
    std::vector<std::pair<std::string, at::Tensor>> list;
    each_tensor(module(m), buffers, [&](const std::string &name, const at::Tensor &t) { list.emplace_back(name, t); });
    w.start(CT_DICT, static_cast<int64_t>(list.size()));
    for (const auto &[name, t] : list) {
      w.string(name);
      w.value(t);
    }
  });
}

// The name leads through the modules, parted by dots.
ct_err script_assign(ct_script m, const char *name, int64_t name_len, ct_tensor t) noexcept {
  return guard([&] {
    const std::string full(name, name_len);
    bool found = false;
    const auto same = [&](const std::string &n, const at::Tensor &) { found = found || n == full; };
    each_tensor(module(m), false, same);
    each_tensor(module(m), true, same);
    TORCH_CHECK_VALUE(found, "the module has no parameter or buffer \"", full, '"');
    Module owner = module(m);
    size_t at = 0;
    for (size_t dot; (dot = full.find('.', at)) != std::string::npos; at = dot + 1) owner = owner.attr(full.substr(at, dot - at)).toModule();
    owner.setattr(full.substr(at), ref(t));
  });
}

ct_err script_train(ct_script m, bool on) noexcept {
  return guard([&] { module(m).train(on); });
}

// As Module.to of Python: the dtype is for floating-point tensors only, and the
// tensors stay the same objects.
ct_err script_to(ct_script m, int8_t device_type, int8_t device_index, int8_t dtype) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    const c10::Device device = ct::device(device_type, device_index);
    const auto move = [&](const std::string &, at::Tensor t) {
      const auto kind = dtype >= 0 && t.is_floating_point() ? ct::dtype(dtype) : t.scalar_type();
      t.set_data(t.to(device, kind));
      if (t.grad().defined()) t.mutable_grad() = t.grad().to(device, kind);
    };
    each_tensor(module(m), false, move);
    each_tensor(module(m), true, move);
  });
}

}  // namespace ct
