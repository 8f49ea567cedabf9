// Operators of their own for the test of LoadLibrary. -DNAMESPACE names where
// they are registered.
#include <ATen/core/Tensor.h>
#include <ATen/ops/add.h>
#include <torch/library.h>

static at::Tensor scaled_add(const at::Tensor &x, const at::Tensor &y, double scale) {
  TORCH_CHECK(x.sizes() == y.sizes(), "the shapes differ");
  return at::add(x, y, scale);
}

static std::tuple<int64_t, std::string, std::vector<double>> facts(at::IntArrayRef v) {
  double sum = 0;
  for (int64_t i : v) sum += static_cast<double>(i);
  return {static_cast<int64_t>(v.size()), "sum", {sum, sum / 2}};
}

TORCH_LIBRARY(NAMESPACE, m) {
  m.def("scaled_add(Tensor x, Tensor y, *, float scale=2.0) -> Tensor", scaled_add);
  m.def("facts(int[] v) -> (int, str, float[])", facts);
}
