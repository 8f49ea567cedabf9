// Host memory: how glibc keeps it and how libtorch takes it.

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>

#include <climits>
#include <cstring>

#include "guard.h"

namespace ct {

// libtorch's own allocator calls posix_memalign, for which glibc takes a block
// that is larger than asked and cuts the ends off. Once freed, such a block is
// too small for the next tensor of the same size, so that memory grows to many
// times of what is in use. This one takes a plain block, aligns inside it and
// notes before the data where the block begins.
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
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void *to, const void *from, size_t n) const override { default_copy_data(to, from, n); }

 private:
  static void release(void *data) {
    if (data != nullptr) std::free(static_cast<void **>(data)[-1]);
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

}  // namespace ct
