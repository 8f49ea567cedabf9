// Types of the CUDA part's C ABI, beside those of the shim itself.
#ifndef CT_CUDA_TYPES_H
#define CT_CUDA_TYPES_H

#include "../types.h"

// A c10::Event* that the holder owns.
typedef uintptr_t ct_cuda_event;

// An at::cuda::CUDAGraph* that the holder owns.
typedef uintptr_t ct_cuda_graph;

// A stream of libtorch's pools: nobody owns it and nobody frees it.
typedef struct {
  int64_t id;
  int32_t device;
} ct_cuda_stream;

typedef struct {
  char name[256];  // ends with a zero byte
  int32_t major;
  int32_t minor;
  int64_t total_memory;
  int32_t multi_processor_count;
  int32_t max_threads_per_multi_processor;
  int32_t warp_size;
  int64_t l2_cache_size;
  bool is_integrated;
} ct_cuda_device;

// One quantity of the caching allocator.
typedef struct {
  int64_t current;
  int64_t peak;
  int64_t allocated;  // all that was ever added
  int64_t freed;      // all that was ever taken away
} ct_cuda_stat;

typedef struct {
  ct_cuda_stat allocated_bytes;
  ct_cuda_stat reserved_bytes;
  ct_cuda_stat active_bytes;
  ct_cuda_stat requested_bytes;
  ct_cuda_stat allocation;
  ct_cuda_stat segment;
  int64_t num_alloc_retries;
  int64_t num_ooms;
} ct_cuda_memory;

#endif  // CT_CUDA_TYPES_H
