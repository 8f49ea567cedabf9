// CUDA devices: which there are, which one is current, what they are.

#include <ATen/Context.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#include <torch/headeronly/version.h>

#include <cstring>

#include "device.h"
#include "guard.h"

namespace ct {

c10::DeviceIndex checked(int32_t index) {
  const int32_t n = c10::cuda::device_count_ensure_non_zero();
  TORCH_CHECK_INDEX(index >= 0 && index < n, "there is no CUDA device ", index, ", the last one is ", n - 1);
  at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
  return static_cast<c10::DeviceIndex>(index);
}

const char *cuda_built_version(void) noexcept { return TORCH_VERSION; }

ct_err cuda_require_device(void) noexcept {
  return guard([] {
    c10::cuda::device_count_ensure_non_zero();
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
  });
}

ct_err cuda_current_device(int32_t *out) noexcept {
  return guard([&] { *out = c10::cuda::current_device(); });
}

ct_err cuda_set_device(int32_t index) noexcept {
  return guard([&] { c10::cuda::set_device(checked(index)); });
}

ct_err cuda_synchronize(int32_t index) noexcept {
  return guard([&] {
    c10::cuda::CUDAGuard on(checked(index));
    c10::cuda::device_synchronize();
  });
}

ct_err cuda_properties(int32_t index, ct_cuda_device *out) noexcept {
  return guard([&] {
    cudaDeviceProp p;
    C10_CUDA_CHECK(cudaGetDeviceProperties(&p, checked(index)));
    static_assert(sizeof(out->name) == sizeof(p.name));
    std::memcpy(out->name, p.name, sizeof(p.name));
    out->name[sizeof(out->name) - 1] = 0;
    out->major = p.major;
    out->minor = p.minor;
    out->total_memory = static_cast<int64_t>(p.totalGlobalMem);
    out->multi_processor_count = p.multiProcessorCount;
    out->max_threads_per_multi_processor = p.maxThreadsPerMultiProcessor;
    out->warp_size = p.warpSize;
    out->l2_cache_size = p.l2CacheSize;
    out->is_integrated = p.integrated != 0;
  });
}

ct_err cuda_versions(int32_t *runtime, int32_t *driver) noexcept {
  return guard([&] {
    int r = 0, d = 0;
    C10_CUDA_CHECK(cudaRuntimeGetVersion(&r));
    C10_CUDA_CHECK(cudaDriverGetVersion(&d));  // 0 without a driver
    *runtime = r;
    *driver = d;
  });
}

}  // namespace ct
