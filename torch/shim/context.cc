// Settings of libtorch that hold for the whole process.

#include <ATen/Context.h>

#include "guard.h"

namespace ct {

bool get_setting(int32_t setting) noexcept {
  try {
    const at::Context &c = at::globalContext();
    switch (setting) {
      case CT_SETTING_DETERMINISTIC: return c.deterministicAlgorithms();
      case CT_SETTING_CUDNN: return c.userEnabledCuDNN();
      case CT_SETTING_CUDNN_BENCHMARK: return c.benchmarkCuDNN();
      case CT_SETTING_CUDNN_DETERMINISTIC: return c.deterministicCuDNN();
      case CT_SETTING_CUDNN_TF32: return c.allowTF32CuDNN();
      case CT_SETTING_MATMUL_TF32: return c.allowTF32CuBLAS();
    }
  } catch (...) {  // only where somebody mixed libtorch's old and new ways to set TF32
  }
  return false;
}

ct_err set_setting(int32_t setting, bool on) noexcept {
  return guard([&] {
    at::Context &c = at::globalContext();
    switch (setting) {
      case CT_SETTING_CUDNN: return c.setUserEnabledCuDNN(on);
      case CT_SETTING_CUDNN_BENCHMARK: return c.setBenchmarkCuDNN(on);
      case CT_SETTING_CUDNN_DETERMINISTIC: return c.setDeterministicCuDNN(on);
      case CT_SETTING_CUDNN_TF32: return c.setAllowTF32CuDNN(on);
      case CT_SETTING_MATMUL_TF32: return c.setAllowTF32CuBLAS(on);
    }
    TORCH_CHECK_VALUE(false, "there is no setting ", setting);
  });
}

ct_err set_deterministic(bool on, bool warn_only) noexcept {
  return guard([&] { at::globalContext().setDeterministicAlgorithms(on, warn_only); });
}

static const char *const precisions[] = {"highest", "high", "medium"};

ct_err set_float32_matmul_precision(int32_t precision) noexcept {
  return guard([&] {
    TORCH_CHECK_VALUE(precision >= 0 && precision < 3, "there is no precision ", precision);
    at::globalContext().setFloat32MatmulPrecision(precisions[precision]);
  });
}

int32_t float32_matmul_precision(void) noexcept {
  try {
    return static_cast<int32_t>(at::globalContext().float32MatmulPrecision());
  } catch (...) {
    return 0;
  }
}

}  // namespace ct
