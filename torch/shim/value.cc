// Conversion of values, both ways.

#include "value.h"

#include <ATen/core/Generator.h>
#include <ATen/core/jit_type.h>
#include <c10/util/Exception.h>

#include <cstring>

namespace ct {

// ---- reading ----------------------------------------------------------------

const ct_cell *next(const ct_cell *v) {
  int64_t children = 0;
  switch (v->kind) {
    case CT_LIST:
      children = v->n;
      break;
    case CT_TUPLE:
      children = v->i == 1 ? 2 * v->n : v->n;
      break;
    case CT_DICT:
      children = 2 * v->n;
      break;
  }
  for (v++; children > 0; children--) v = next(v);
  return v;
}

static std::string text_of(const ct_cell *v, const char *text) { return std::string(text + v->i, v->n); }

arguments_t::arguments_t(const ct_cell *cells, int64_t n, int64_t count, const char *text) : text(text) {
  const ct_cell *v = cells, *end = cells + n;
  positional.reserve(count);
  for (; count > 0; count--, v = next(v)) positional.push_back(v);
  while (v < end) {
    named.push_back({text_of(v, text), v + 1});
    v = next(v + 1);
  }
}

// guess converts a value where no type is asked for.
static at::IValue guess(const ct_cell *v, const char *text);

static c10::TypePtr guess_type(const at::IValue &v) { return v.isNone() ? c10::AnyType::get() : v.type(); }

bool convert(const ct_cell *v, const char *text, const c10::TypePtr &type, at::IValue &out) {
  const auto is = [v](int64_t kind) { return v->kind == kind; };
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      if (!is(CT_TENSOR)) return false;
      out = ref(v->i);
      return true;
    case c10::TypeKind::NumberType:
      if (is(CT_INT)) {
        out = v->i;
      } else if (is(CT_FLOAT)) {
        out = v->x;
      } else if (is(CT_BOOL)) {
        out = v->i != 0;
      } else if (is(CT_COMPLEX)) {
        out = c10::complex<double>(v->x, v->y);
      } else {
        return false;
      }
      return true;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      if (!is(CT_INT)) return false;
      out = v->i;
      return true;
    case c10::TypeKind::LayoutType:  // no Go type: c10::Layout's number, at which few will need anything
      if (!is(CT_INT)) return false;
      TORCH_CHECK_VALUE(v->i >= 0 && v->i < static_cast<int64_t>(c10::Layout::NumOptions), "there is no layout ", v->i);
      out = v->i;
      return true;
    case c10::TypeKind::QSchemeType:
      if (!is(CT_INT)) return false;
      out = v->i;
      return true;
    case c10::TypeKind::ScalarTypeType:
      if (!is(CT_DTYPE)) return false;
      out = static_cast<int64_t>(dtype(v->i));
      return true;
    case c10::TypeKind::MemoryFormatType:
      if (!is(CT_FORMAT)) return false;
      out = static_cast<int64_t>(memory_format(v->i));
      return true;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      if (is(CT_FLOAT)) {
        out = v->x;
      } else if (is(CT_INT)) {
        out = static_cast<double>(v->i);
      } else {
        return false;
      }
      return true;
    case c10::TypeKind::ComplexType:
      if (is(CT_COMPLEX)) {
        out = c10::complex<double>(v->x, v->y);
      } else if (is(CT_FLOAT)) {
        out = c10::complex<double>(v->x, 0);
      } else if (is(CT_INT)) {
        out = c10::complex<double>(static_cast<double>(v->i), 0);
      } else {
        return false;
      }
      return true;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      if (!is(CT_BOOL)) return false;
      out = v->i != 0;
      return true;
    case c10::TypeKind::StringType:
      if (!is(CT_STRING)) return false;
      out = text_of(v, text);
      return true;
    case c10::TypeKind::DeviceObjType:
      if (!is(CT_DEVICE)) return false;
      out = device(v->i, v->n);
      return true;
    case c10::TypeKind::GeneratorType:
      if (!is(CT_GENERATOR)) return false;
      out = gen(v->i);
      return true;
    case c10::TypeKind::NoneType:
      out = at::IValue();
      return is(CT_NONE);
    case c10::TypeKind::OptionalType:
      if (is(CT_NONE) || (is(CT_LIST) && v->i == 1)) {
        out = at::IValue();
        return true;
      }
      return convert(v, text, type->containedType(0), out);
    case c10::TypeKind::ListType: {
      if (!is(CT_LIST)) return false;
      c10::TypePtr element = type->containedType(0), stored = element;
      switch (element->kind()) {  // what a list of these holds
        case c10::TypeKind::SymIntType:
        case c10::TypeKind::ScalarTypeType:
          stored = c10::IntType::get();
          break;
        default:
          break;
      }
      c10::impl::GenericList list(stored);
      list.reserve(v->n);
      const ct_cell *child = v + 1;
      for (int64_t i = 0; i < v->n; i++, child = next(child)) {
        at::IValue item;
        if (!convert(child, text, element, item)) return false;
        list.push_back(std::move(item));
      }
      out = std::move(list);
      return true;
    }
    case c10::TypeKind::TupleType: {
      if ((!is(CT_TUPLE) && !is(CT_LIST)) || v->n != static_cast<int64_t>(type->containedTypeSize())) return false;
      const bool named = is(CT_TUPLE) && v->i == 1;
      std::vector<at::IValue> items(v->n);
      const ct_cell *child = v + 1;
      for (int64_t i = 0; i < v->n; i++, child = next(child)) {
        if (named) child = next(child);
        if (!convert(child, text, type->containedType(i), items[i])) return false;
      }
      out = c10::ivalue::Tuple::create(std::move(items));
      return true;
    }
    case c10::TypeKind::DictType: {
      if (!is(CT_DICT)) return false;
      c10::impl::GenericDict dict(type->containedType(0), type->containedType(1));
      const ct_cell *child = v + 1;
      for (int64_t i = 0; i < v->n; i++) {
        at::IValue key, item;
        if (!convert(child, text, type->containedType(0), key)) return false;
        child = next(child);
        if (!convert(child, text, type->containedType(1), item)) return false;
        child = next(child);
        dict.insert(std::move(key), std::move(item));
      }
      out = std::move(dict);
      return true;
    }
    case c10::TypeKind::UnionType:
      for (const auto &member : type->containedTypes())
        if (convert(v, text, member, out)) return true;
      return false;
    case c10::TypeKind::AnyType:
      out = guess(v, text);
      return true;
    default:
      return false;
  }
}

static at::IValue guess(const ct_cell *v, const char *text) {
  switch (v->kind) {
    case CT_TENSOR:
      return ref(v->i);
    case CT_BOOL:
      return v->i != 0;
    case CT_INT:
    case CT_DTYPE:
    case CT_FORMAT:
      return v->i;
    case CT_FLOAT:
      return v->x;
    case CT_COMPLEX:
      return c10::complex<double>(v->x, v->y);
    case CT_STRING:
      return text_of(v, text);
    case CT_DEVICE:
      return device(v->i, v->n);
    case CT_GENERATOR:
      return gen(v->i);
    case CT_LIST:
    case CT_TUPLE: {
      const bool named = v->kind == CT_TUPLE && v->i == 1;
      std::vector<at::IValue> items(v->n);
      const ct_cell *child = v + 1;
      for (auto &item : items) {
        if (named) child = next(child);
        item = guess(child, text);
        child = next(child);
      }
      if (v->kind == CT_TUPLE) return c10::ivalue::Tuple::create(std::move(items));
      c10::impl::GenericList list(items.empty() ? c10::AnyType::get() : guess_type(items[0]));
      for (auto &item : items) list.push_back(std::move(item));
      return list;
    }
    case CT_DICT: {
      std::vector<std::pair<at::IValue, at::IValue>> items(v->n);
      const ct_cell *child = v + 1;
      for (auto &[key, item] : items) {
        key = guess(child, text);
        child = next(child);
        item = guess(child, text);
        child = next(child);
      }
      c10::impl::GenericDict dict(items.empty() ? c10::StringType::get() : items[0].first.type(),
                                  items.empty() ? c10::AnyType::get() : guess_type(items[0].second));
      for (auto &[key, item] : items) dict.insert(std::move(key), std::move(item));
      return dict;
    }
  }
  return {};
}

// ---- writing ----------------------------------------------------------------

writer_t::~writer_t() {
  for (const auto &c : cells_)
    if (c.kind == CT_TENSOR) drop(c.i);
}

void writer_t::string(const std::string &s) {
  cells_.push_back({CT_STRING, static_cast<int64_t>(text_.size()), static_cast<int64_t>(s.size()), 0, 0});
  text_ += s;
}

void writer_t::value(const at::IValue &v) {
  if (v.isTensor()) {
    if (!v.toTensor().defined()) return start(CT_NONE, 0);
    cells_.push_back({CT_NONE, 0, 0, 0, 0});  // first, so that no handle is lost if there is no memory
    cells_.back().i = static_cast<int64_t>(give(at::Tensor(v.toTensor())));
    cells_.back().kind = CT_TENSOR;
  } else if (v.isNone()) {
    start(CT_NONE, 0);
  } else if (v.isBool()) {
    cells_.push_back({CT_BOOL, v.toBool(), 0, 0, 0});
  } else if (v.isInt() || v.isSymInt()) {
    cells_.push_back({CT_INT, v.toInt(), 0, 0, 0});
  } else if (v.isDouble()) {
    cells_.push_back({CT_FLOAT, 0, 0, v.toDouble(), 0});
  } else if (v.isComplexDouble()) {
    const auto z = v.toComplexDouble();
    cells_.push_back({CT_COMPLEX, 0, 0, z.real(), z.imag()});
  } else if (v.isString()) {
    string(v.toStringRef());
  } else if (v.isDevice()) {
    const auto d = v.toDevice();
    cells_.push_back({CT_DEVICE, static_cast<int64_t>(d.type()), d.has_index() ? d.index() : 0, 0, 0});
  } else if (v.isList()) {
    const auto list = v.toListRef();
    start(CT_LIST, static_cast<int64_t>(list.size()));
    for (const auto &item : list) value(item);
  } else if (v.isTuple()) {
    const auto &items = v.toTupleRef().elements();
    const auto type = v.type()->cast<c10::TupleType>();
    const bool named = type && type->schema();
    start(CT_TUPLE, static_cast<int64_t>(items.size()), named);
    for (size_t i = 0; i < items.size(); i++) {
      if (named) string(type->schema()->arguments()[i].name());
      value(items[i]);
    }
  } else if (v.isGenericDict()) {
    const auto dict = v.toGenericDict();
    start(CT_DICT, static_cast<int64_t>(dict.size()));
    for (const auto &entry : dict) {
      value(entry.key());
      value(entry.value());
    }
  } else {
    TORCH_CHECK_TYPE(false, "the result holds a ", v.type()->repr_str(), ", which has no form in Go");
  }
}

ct_value writer_t::finish() {
  ct_value out{};
  out.n = static_cast<int64_t>(cells_.size());
  if (out.n == 1) {
    out.one = cells_[0];
  } else {
    out.cells = static_cast<ct_cell *>(std::malloc(sizeof(ct_cell) * cells_.size()));
    if (out.cells == nullptr) throw std::bad_alloc();
    std::memcpy(out.cells, cells_.data(), sizeof(ct_cell) * cells_.size());
  }
  if (!text_.empty()) {
    out.text = static_cast<char *>(std::malloc(text_.size()));
    if (out.text == nullptr) {
      std::free(out.cells);
      throw std::bad_alloc();
    }
    std::memcpy(out.text, text_.data(), text_.size());
  }
  cells_.clear();
  return out;
}

}  // namespace ct
