// Calls of operators by name, through libtorch's dispatcher.

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "value.h"

namespace ct {

using overloads_t = std::vector<c10::OperatorHandle>;

// What names stand for, as they were written. An entry never changes, but the
// table is emptied when a library brings new operators.
struct hash_t {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};
static std::unordered_map<std::string, std::shared_ptr<const overloads_t>, hash_t, std::equal_to<>> known;
static std::shared_mutex known_mutex;

void forget_operators() {
  std::unique_lock lock(known_mutex);
  known.clear();
}

// look_up finds "ns::name.overload", or all overloads of "ns::name", that
// without a suffix first; the namespace is aten if there is none.
static overloads_t look_up(std::string_view given) {
  std::string full(given);
  if (full.find("::") == std::string::npos) full = "aten::" + full;
  const size_t dot = full.find('.', full.find("::"));
  auto &dispatcher = c10::Dispatcher::singleton();
  overloads_t found;
  if (dot != std::string::npos) {
    if (auto op = dispatcher.findSchema({full.substr(0, dot), full.substr(dot + 1)})) found.push_back(*op);
    return found;
  }
  for (const auto &name : dispatcher.getAllOpNames())
    if (name.name == full)
      if (auto op = dispatcher.findSchema(name)) found.push_back(*op);
  std::sort(found.begin(), found.end(), [](const auto &a, const auto &b) {
    return a.operator_name().overload_name < b.operator_name().overload_name;
  });
  return found;
}

static std::shared_ptr<const overloads_t> overloads(std::string_view name) {
  {
    std::shared_lock lock(known_mutex);
    if (const auto it = known.find(name); it != known.end()) return it->second;
  }
  auto found = std::make_shared<const overloads_t>(look_up(name));
  if (!found->empty()) {
    std::unique_lock lock(known_mutex);
    known.emplace(name, found);
  }
  return found;
}

static std::string schema_text(const c10::OperatorHandle &op) {
  std::ostringstream s;
  s << op.schema();
  return s.str();
}

// choose binds the arguments to the overload that they fit: the one without a
// suffix if they do, or the only other one.
static const c10::OperatorHandle &choose(const overloads_t &list, const arguments_t &given,
                                         torch::jit::Stack &stack) {
  TORCH_CHECK_VALUE(!list.empty(), "there is no such operator; Schemas lists the overloads of a name, and LoadLibrary adds operators");
  std::vector<std::string> why;
  std::vector<const c10::OperatorHandle *> fitting;
  for (const auto &op : list) {
    torch::jit::Stack s;
    s.reserve(op.schema().arguments().size());
    std::string wrong = fit(op.schema(), 0, given, s);
    if (wrong.empty()) {
      if (fitting.empty()) stack = std::move(s);
      fitting.push_back(&op);
      if (op.operator_name().overload_name.empty()) break;
    }
    why.push_back(std::move(wrong));
  }
  if (fitting.size() == 1) return *fitting[0];
  if (fitting.empty() && list.size() == 1) TORCH_CHECK_VALUE(false, why[0], "; the schema is ", schema_text(list[0]));
  std::ostringstream s;
  s << (fitting.empty() ? "no overload takes these arguments:" : "the arguments fit several overloads, so name the one that is meant:");
  for (size_t i = 0; i < list.size(); i++)
    if (fitting.empty() || why[i].empty()) s << "\n  " << schema_text(list[i]) << (fitting.empty() ? ": " + why[i] : "");
  TORCH_CHECK_VALUE(false, s.str());
}

// changed returns the operand that t is, or 0.
static ct_tensor changed(const ct_cell *cells, int64_t n, const at::IValue &t) {
  if (!t.isTensor()) return 0;
  for (int64_t i = 0; i < n; i++)
    if (cells[i].kind == CT_TENSOR && ref(cells[i].i).is_same(t.toTensor())) return static_cast<ct_tensor>(cells[i].i);
  return 0;
}

ct_value call(const char *name, int64_t name_len, const ct_cell *cells, int64_t n, int64_t positional, const char *text) noexcept {
  return guard_value([&](writer_t &w) {
    const std::string_view op_name(name, name_len);
    // A copy: what the call runs may call back into Go, whose stack then moves.
    const std::vector<ct_cell> copy(cells, cells + n);
    const auto list = overloads(op_name);
    torch::jit::Stack stack;
    const auto &op = choose(*list, arguments_t(copy.data(), n, positional, text), stack);
    op.callBoxed(stack);
    const auto &returns = op.schema().returns();
    if (stack.empty()) return w.start(CT_NONE, 0);
    if (stack.size() > 1) w.start(CT_TUPLE, static_cast<int64_t>(stack.size()));
    for (size_t i = 0; i < stack.size(); i++) {
      const auto *alias = i < returns.size() ? returns[i].alias_info() : nullptr;
      const ct_tensor operand = alias != nullptr && alias->isWrite() ? changed(copy.data(), n, stack[i]) : 0;
      if (operand != 0) {
        w.operand(operand);
      } else {
        w.value(stack[i]);
      }
    }
  });
}

ct_value schemas(const char *name, int64_t name_len) noexcept {
  return guard_value([&](writer_t &w) {
    const auto list = overloads({name, static_cast<size_t>(name_len)});
    w.start(CT_LIST, static_cast<int64_t>(list->size()));
    for (const auto &op : *list) w.string(schema_text(op));
  });
}

}  // namespace ct
