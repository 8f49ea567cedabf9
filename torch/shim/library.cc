// The library as a whole: versions, threads, devices, living tensors.

#include <ATen/Config.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <torch/headeronly/version.h>

#include <atomic>
#include <string>

#include "guard.h"

namespace ct {

static std::atomic<int64_t> living{0};

ct_tensor give(at::Tensor &&t) {
  auto *p = new at::Tensor(std::move(t));
  living.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<ct_tensor>(p);
}

void drop(ct_tensor t) noexcept {
  delete reinterpret_cast<at::Tensor *>(t);
  living.fetch_sub(1, std::memory_order_relaxed);
}

int64_t live(void) noexcept { return living.load(std::memory_order_relaxed); }

const char *built_version(void) noexcept { return TORCH_VERSION; }

ct_err loaded_config(void) noexcept {
  try {
    return message(0, at::show_config().c_str());
  } catch (...) {
    return translate();
  }
}

int32_t get_num_threads(void) noexcept { return at::get_num_threads(); }

ct_err set_num_threads(int32_t n) noexcept {
  return guard([&] { at::set_num_threads(n); });
}

ct_err load_cuda(void) noexcept {
  return guard([] {
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) throw std::runtime_error(dlerror());
  });
}

int32_t cuda_count(void) noexcept {
  try {
    if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) return 0;
    return c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
  } catch (...) {
    return 0;
  }
}

}  // namespace ct
