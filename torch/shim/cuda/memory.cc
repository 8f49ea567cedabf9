// Device memory: what libtorch's caching allocator holds.

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include "device.h"
#include "guard.h"

namespace ct {

namespace allocator = c10::cuda::CUDACachingAllocator;

ct_err cuda_memory_info(int32_t index, int64_t *free, int64_t *total) noexcept {
  return guard([&] {
    c10::cuda::CUDAGuard on(checked(index));
    size_t f = 0, t = 0;
    C10_CUDA_CHECK(cudaMemGetInfo(&f, &t));
    *free = static_cast<int64_t>(f);
    *total = static_cast<int64_t>(t);
  });
}

// The allocator counts each quantity for all blocks, small ones and large ones;
// the first is the sum.
template <class Stats>
static ct_cuda_stat total(const Stats &s) {
  return {s[0].current, s[0].peak, s[0].allocated, s[0].freed};
}

ct_err cuda_memory_stats(int32_t index, ct_cuda_memory *out) noexcept {
  return guard([&] {
    const auto s = allocator::getDeviceStats(checked(index));
    out->allocated_bytes = total(s.allocated_bytes);
    out->reserved_bytes = total(s.reserved_bytes);
    out->active_bytes = total(s.active_bytes);
    out->requested_bytes = total(s.requested_bytes);
    out->allocation = total(s.allocation);
    out->segment = total(s.segment);
    out->num_alloc_retries = s.num_alloc_retries;
    out->num_ooms = s.num_ooms;
  });
}

ct_err cuda_reset_peak_stats(int32_t index) noexcept {
  return guard([&] { allocator::resetPeakStats(checked(index)); });
}

ct_err cuda_empty_cache(void) noexcept {
  return guard([] {
    checked(0);
    allocator::emptyCache();
  });
}

ct_err cuda_set_memory_fraction(int32_t index, double fraction) noexcept {
  return guard([&] {
    TORCH_CHECK_VALUE(fraction >= 0 && fraction <= 1, "the fraction is from 0 to 1, not ", fraction);
    allocator::setMemoryFraction(fraction, checked(index));
  });
}

}  // namespace ct
