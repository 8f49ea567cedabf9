// Between C++ and the C ABI: handles to tensors and back, and the guards that
// turn every exception into a ct_err. Each function of the table runs inside
// one of them, so that none can unwind into Go.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/IListRef.h>
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/Reduction.h>
#include <c10/core/Scalar.h>
#include <c10/util/Exception.h>

#include <cmath>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "types.h"

namespace ct {

// message makes an error text for Go out of a kind and a text.
ct_err message(int kind, const char *text) noexcept;

// An exception that itself knows what Go gets.
class own_error : public std::exception {
 public:
  virtual ct_err error() const noexcept = 0;
};

// translate reads the exception in flight; call it inside a catch only.
ct_err translate() noexcept;

// relieved tells whether err says that memory ran out and Go has meanwhile
// collected its garbage.
bool relieved(ct_err err) noexcept;

// give makes a handle that owns t and counts it as living; drop ends it.
ct_tensor give(at::Tensor &&t);
void drop(ct_tensor t) noexcept;

// give_list makes handles of all tensors, 0 for undefined ones. If there is no
// memory for one of them, those before are dropped.
void give_list(std::vector<at::Tensor> &&list, ct_tensor *out);

inline at::Tensor &ref(ct_tensor t) { return *reinterpret_cast<at::Tensor *>(t); }
inline at::Generator &gen(ct_generator g) { return *reinterpret_cast<at::Generator *>(g); }

inline std::optional<at::Tensor> optional(ct_tensor t) {
  if (t == 0) return std::nullopt;
  return ref(t);
}

inline std::vector<at::Tensor> tensors(const ct_tensor *t, int64_t n) {
  std::vector<at::Tensor> list;
  list.reserve(n);
  for (int64_t i = 0; i < n; i++) list.push_back(ref(t[i]));
  return list;
}

// ATen takes a list of tensors in one of two types, as the operator was written.
struct tensor_list {
  std::vector<at::Tensor> v;
  operator at::TensorList() const { return v; }
  operator at::ITensorListRef() const { return v; }
};
inline tensor_list list(const ct_tensor *t, int64_t n) { return {tensors(t, n)}; }

// A list in which absent tensors are 0, such as the indices of index_put.
inline c10::List<std::optional<at::Tensor>> optional_list(const ct_tensor *t, int64_t n) {
  c10::List<std::optional<at::Tensor>> list;
  list.reserve(n);
  for (int64_t i = 0; i < n; i++) list.push_back(optional(t[i]));
  return list;
}

// A whole number stays an integer beside an integer tensor, as a Python int
// would; beside a floating tensor the kind makes no difference.
inline at::Scalar scalar(double v, ct_tensor beside) {
  if (at::isIntegralType(ref(beside).scalar_type(), /*includeBool=*/true) && v == std::trunc(v) && std::fabs(v) < 9.0e15)
    return at::Scalar(static_cast<int64_t>(v));
  return at::Scalar(v);
}

// Lists of numbers. A list that Go gives as nil is a null pointer; it stands
// for the default, which lives as long as the call, or for an absent list.
inline at::IntArrayRef ints(const int64_t *v, int64_t n) { return {v, static_cast<size_t>(n)}; }
inline c10::SymIntArrayRef symints(const int64_t *v, int64_t n) { return c10::fromIntArrayRefSlow(ints(v, n)); }
template <size_t N>
at::IntArrayRef ints(const int64_t *v, int64_t n, const int64_t (&otherwise)[N]) {
  return v == nullptr ? at::IntArrayRef(otherwise, N) : ints(v, n);
}
template <size_t N>
c10::SymIntArrayRef symints(const int64_t *v, int64_t n, const int64_t (&otherwise)[N]) {
  return c10::fromIntArrayRefSlow(ints(v, n, otherwise));
}
inline at::OptionalIntArrayRef optional_ints(const int64_t *v, int64_t n) {
  return v == nullptr ? at::OptionalIntArrayRef() : at::OptionalIntArrayRef(ints(v, n));
}
inline at::OptionalSymIntArrayRef optional_symints(const int64_t *v, int64_t n) {
  return v == nullptr ? at::OptionalSymIntArrayRef() : at::OptionalSymIntArrayRef(symints(v, n));
}

inline std::optional<at::ArrayRef<double>> optional_floats(const double *v, int64_t n) {
  if (v == nullptr) return std::nullopt;
  return at::ArrayRef<double>(v, static_cast<size_t>(n));
}

inline std::optional<at::Generator> generator(ct_generator g) { return gen(g); }

inline c10::Device device(int8_t type, int8_t index) {
  return c10::Device(static_cast<c10::DeviceType>(type), static_cast<c10::DeviceIndex>(type == 0 ? -1 : index));
}

// Numbers of Go's DType and MemoryFormat. libtorch trusts them, and ends the
// process for one that it does not know.
inline at::ScalarType dtype(int64_t v) {
  TORCH_CHECK_VALUE(v >= 0 && v < static_cast<int64_t>(at::ScalarType::NumOptions) && v != static_cast<int64_t>(at::ScalarType::Undefined),
                    "there is no dtype ", v);
  return static_cast<at::ScalarType>(v);
}
inline at::MemoryFormat memory_format(int64_t v) {
  TORCH_CHECK_VALUE(v >= 0 && v < static_cast<int64_t>(at::MemoryFormat::NumOptions), "there is no memory format ", v);
  return static_cast<at::MemoryFormat>(v);
}

// The default of an int list that Go does not show, for as long as the call lasts.
template <size_t N>
struct constants_t {
  std::array<c10::SymInt, N> v;
  operator c10::SymIntArrayRef() const { return {v.data(), N}; }
};
template <size_t N>
constants_t<N> constants(const int64_t (&v)[N]) {
  constants_t<N> c;
  for (size_t i = 0; i < N; i++) c.v[i] = v[i];
  return c;
}

// What changes its operands, as all that ends here may, is not tried again when
// memory runs out: half of it could be done. Go collects its garbage, and the
// caller may try again.
template <class F>
ct_err guard(F &&f) noexcept {
  try {
    f();
    return nullptr;
  } catch (...) {
    ct_err err = translate();
    relieved(err);
    return err;
  }
}

// A call that only returns something new is tried once more after that. By then
// the allocator of a device also gives its cache back before it fails.
template <class R, class F>
R retried(F &&f) noexcept {
  for (bool again = false;; again = true) {
    ct_err err;
    try {
      return f();
    } catch (...) {
      err = translate();
    }
    if (again || !relieved(err)) {
      R failed{};
      failed.err = err;
      return failed;
    }
    std::free(err);
  }
}

template <class F>
ct_ret guard_tensor(F &&f) noexcept {
  return retried<ct_ret>([&] { return ct_ret{give(f()), nullptr}; });
}

template <class F>
ct_flag guard_flag(F &&f) noexcept {
  return retried<ct_flag>([&] { return ct_flag{f(), nullptr}; });
}

template <class F>
ct_list guard_list(F &&f) noexcept {
  return retried<ct_list>([&] {
    std::vector<at::Tensor> list = f();
    const size_t n = list.size();
    std::unique_ptr<ct_tensor, decltype(&std::free)> out(static_cast<ct_tensor *>(std::malloc(sizeof(ct_tensor) * (n + 1))), std::free);
    if (out == nullptr) throw std::bad_alloc();
    give_list(std::move(list), out.get());
    return ct_list{out.release(), static_cast<int64_t>(n), nullptr};
  });
}

template <class... T>
void give_all(std::tuple<T...> &&results, ct_tensor *out) {
  std::vector<at::Tensor> list;
  std::apply([&](auto &&...t) { (list.push_back(std::move(t)), ...); }, std::move(results));
  give_list(std::move(list), out);
}

}  // namespace ct
