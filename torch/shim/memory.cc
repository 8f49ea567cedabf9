// Host memory: how glibc keeps it and how libtorch takes it.

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>

#include <atomic>
#include <climits>
#include <cstring>

#include "guard.h"

namespace ct {

// libtorch's own allocator calls posix_memalign, for which glibc takes a block
// that is larger than asked and cuts the ends off. Once freed, such a block is
// too small for the next tensor of the same size, so that memory grows to many
// times of what is in use. This one takes a plain block, aligns inside it and
// notes before the data where the block begins and how much was asked for.
class HostAllocator final : public c10::Allocator {
  static constexpr size_t alignment = 64;  // as libtorch's own; a multiple of malloc's 16

 public:
  c10::DataPtr allocate(size_t n) override {
    if (n == 0) return {nullptr, nullptr, &release, c10::Device(c10::DeviceType::CPU)};
    void *block = n <= SIZE_MAX - alignment ? std::malloc(n + alignment) : nullptr;
    TORCH_CHECK_WITH(OutOfMemoryError, block != nullptr, "the host has no ", n, " bytes left");
    // At least 16 bytes lie between block and data.
    auto *data = reinterpret_cast<void **>((reinterpret_cast<uintptr_t>(block) / alignment + 1) * alignment);
    data[-1] = block;
    data[-2] = reinterpret_cast<void *>(n);
    const int64_t now = bytes.fetch_add(static_cast<int64_t>(n), std::memory_order_relaxed) + static_cast<int64_t>(n);
    int64_t most = peak.load(std::memory_order_relaxed);
    while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  static inline std::atomic<int64_t> bytes{0};  // of all tensors
  static inline std::atomic<int64_t> peak{0};   // the most since the last reset

  void copy_data(void *to, const void *from, size_t n) const override { default_copy_data(to, from, n); }

 private:
  static void release(void *data) {
    if (data == nullptr) return;
    auto **before = static_cast<void **>(data);
    bytes.fetch_sub(static_cast<int64_t>(reinterpret_cast<uintptr_t>(before[-2])), std::memory_order_relaxed);
    std::free(before[-1]);
  }
};

// Tensors that a scope frees late come and go in blocks of megabytes. glibc's
// defaults hand each back to the kernel and fault it in again, which costs
// five to ten times the work itself; one arena that keeps its pages does not.
void init(void) noexcept {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
  mallopt(M_ARENA_MAX, 1);
  static HostAllocator host;
  c10::SetCPUAllocator(&host, /*priority=*/1);
}

int64_t host_bytes(void) noexcept { return HostAllocator::bytes.load(std::memory_order_relaxed); }

int64_t host_peak(bool reset) noexcept {
  return reset ? HostAllocator::peak.exchange(host_bytes(), std::memory_order_relaxed)
               : HostAllocator::peak.load(std::memory_order_relaxed);
}

}  // namespace ct
