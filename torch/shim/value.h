// Values of run-time type, between the cells of the C ABI and libtorch's IValue.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <string>
#include <vector>

#include "guard.h"

namespace ct {

// The arguments of a call as Go gave them.
struct arguments_t {
  struct named_t {
    std::string name;
    const ct_cell *value;
  };
  std::vector<const ct_cell *> positional;
  std::vector<named_t> named;
  const char *text;

  arguments_t(const ct_cell *cells, int64_t n, int64_t positional, const char *text);
};

// next returns the cell behind the value that begins at v.
const ct_cell *next(const ct_cell *v);

// convert reads the value at v as one of the type and reports whether it is one.
bool convert(const ct_cell *v, const char *text, const c10::TypePtr &type, at::IValue &out);

// fit checks the arguments against the schema, from its argument first on,
// fills in defaults and puts all on the stack. It returns what is wrong with
// them, or an empty string.
std::string fit(const c10::FunctionSchema &schema, size_t first, const arguments_t &given, torch::jit::Stack &stack);

// The cells of a result. Tensors that it was given are released if it is
// destroyed before finish.
class writer_t {
 public:
  writer_t() = default;
  writer_t(const writer_t &) = delete;
  ~writer_t();
  void value(const at::IValue &v);
  void string(const std::string &s);
  void start(int64_t kind, int64_t n, bool named = false) { cells_.push_back({kind, named, n, 0, 0}); }
  void operand(ct_tensor t) { cells_.push_back({CT_OPERAND, static_cast<int64_t>(t), 0, 0, 0}); }
  ct_value finish();

 private:
  std::vector<ct_cell> cells_;
  std::string text_;
};

template <class F>
ct_value guard_value(F &&f) noexcept {
  try {
    writer_t w;
    f(w);
    return w.finish();
  } catch (...) {
    ct_err err = translate();
    relieved(err);
    return {{}, nullptr, 0, nullptr, err};
  }
}

}  // namespace ct
