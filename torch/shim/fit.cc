// The check of arguments against a schema, and what is said about those that do not fit.

#include <ATen/core/jit_type.h>

#include <sstream>

#include "value.h"

namespace ct {

// go_name names the Go type of a value.
static std::string go_name(const ct_cell *v) {
  switch (v->kind) {
    case CT_NONE:
      return "nil";
    case CT_TENSOR:
      return "*Tensor";
    case CT_BOOL:
      return "bool";
    case CT_INT:
      return "int";
    case CT_FLOAT:
      return "float64";
    case CT_COMPLEX:
      return "complex128";
    case CT_STRING:
      return "string";
    case CT_DTYPE:
      return "DType";
    case CT_DEVICE:
      return "Device";
    case CT_FORMAT:
      return "MemoryFormat";
    case CT_GENERATOR:
      return "*Generator";
    case CT_TUPLE:
      return "tuple";
    case CT_DICT:
      return "map";
  }
  if (v->n == 0) return "an empty slice";
  const std::string first = go_name(v + 1);
  const ct_cell *child = v + 1;
  for (int64_t i = 0; i < v->n; i++, child = next(child))
    if (const std::string name = go_name(child); name != first)
      return "a slice of " + first + " and, at " + std::to_string(i) + ", " + name;
  return "[]" + first;
}

// go_name names the Go types that are accepted for a type of a schema.
static std::string go_name(const c10::Type &type) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType:
      return "*Tensor";
    case c10::TypeKind::NumberType:
      return "a number";
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return "int";
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      return "float64";
    case c10::TypeKind::ComplexType:
      return "complex128";
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      return "bool";
    case c10::TypeKind::StringType:
      return "string";
    case c10::TypeKind::ScalarTypeType:
      return "DType";
    case c10::TypeKind::DeviceObjType:
      return "Device";
    case c10::TypeKind::MemoryFormatType:
      return "MemoryFormat";
    case c10::TypeKind::GeneratorType:
      return "*Generator";
    case c10::TypeKind::AnyType:
      return "any value";
    case c10::TypeKind::NoneType:
      return "nil";
    case c10::TypeKind::OptionalType:
      return go_name(*type.containedType(0)) + " or nil";
    case c10::TypeKind::ListType: {
      const auto &element = *type.containedType(0);
      const std::string name = go_name(element);
      return name.find(' ') == std::string::npos ? "[]" + name : "a slice, each element " + name;
    }
    case c10::TypeKind::DictType:
      return "a map from " + go_name(*type.containedType(0)) + " to " + go_name(*type.containedType(1));
    case c10::TypeKind::TupleType: {
      std::string name = "a tuple (slice) of";
      for (size_t i = 0; i < type.containedTypeSize(); i++) name += (i > 0 ? ", " : " ") + go_name(*type.containedType(i));
      return name;
    }
    default:
      return type.str() + ", which cannot be given from Go";
  }
}

static std::string wrong(const c10::FunctionSchema &schema, size_t first, size_t i, const ct_cell *v) {
  const c10::Argument &a = schema.arguments()[i];
  std::ostringstream s;
  s << "argument " << (a.name().empty() ? "" : a.name() + " ") << "(number " << i - first + 1 << ") must be " << go_name(*a.real_type()) << ", not "
    << go_name(v);
  return s.str();
}

// expands reads a single int where the schema has a list of N, as int[2] does.
static bool expands(const c10::Argument &a, const ct_cell *v, at::IValue &out) {
  if (!a.N() || v->kind != CT_INT) return false;
  out = c10::List<int64_t>(std::vector<int64_t>(*a.N(), v->i));
  return true;
}

std::string fit(const c10::FunctionSchema &schema, size_t first, const arguments_t &given, torch::jit::Stack &stack) {
  const auto &args = schema.arguments();
  for (const auto &n : given.named) {
    const auto found = schema.argumentIndexWithName(n.name);
    if (!found || static_cast<size_t>(*found) < first) return "there is no argument " + n.name;
    if (static_cast<size_t>(*found) < first + given.positional.size() && !args[*found].kwarg_only())
      return "argument " + n.name + " is given twice, by position and by name";
  }
  size_t p = 0;
  for (size_t i = first; i < args.size(); i++) {
    const c10::Argument &a = args[i];
    const ct_cell *v = nullptr;
    if (!a.kwarg_only() && p < given.positional.size()) v = given.positional[p++];
    for (const auto &n : given.named)
      if (n.name == a.name()) v = n.value;
    if (v == nullptr) {
      if (!a.default_value())
        return "argument " + a.name() + " is missing" + (a.kwarg_only() ? "; it is given by name only, with Named" : "");
      stack.push_back(*a.default_value());
      continue;
    }
    at::IValue out;
    if (!convert(v, given.text, a.real_type(), out) && !expands(a, v, out)) return wrong(schema, first, i, v);
    stack.push_back(std::move(out));
  }
  if (p < given.positional.size()) {
    std::ostringstream s;
    s << given.positional.size() << " arguments are given by position, but it takes " << p
      << (args.size() - first > p ? "; the others are given by name, with Named" : "");
    return s.str();
  }
  return "";
}

}  // namespace ct
