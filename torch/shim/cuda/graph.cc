// CUDA graphs: a sequence of kernels that was recorded once and is launched as a whole.

#include <ATen/core/Generator.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CUDAGraph.h>

#include <memory>

#include "device.h"
#include "guard.h"

namespace ct {

using at::cuda::CUDAGraph;

static CUDAGraph &graph_of(ct_cuda_graph g) { return *reinterpret_cast<CUDAGraph *>(g); }

// Some versions of libtorch find the generators of a capture by themselves, and
// have no such member.
template <class G>
static void register_with(G &generator, CUDAGraph &graph) {
  if constexpr (requires { generator.register_graph(&graph); }) generator.register_graph(&graph);
}

ct_err cuda_graph_new(ct_cuda_graph *out) noexcept {
  return guard([&] {
    checked(0);
    *out = reinterpret_cast<ct_cuda_graph>(new CUDAGraph());
  });
}

void cuda_graph_free(ct_cuda_graph graph) noexcept {
  try {
    delete &graph_of(graph);
  } catch (...) {  // nothing is left to be freed
  }
}

ct_err cuda_graph_register_generator(ct_cuda_graph graph, ct_generator generator) noexcept {
  return guard([&] {
    auto &g = gen(generator);
    TORCH_CHECK_VALUE(g.device().is_cuda(), "only a generator of a CUDA device can be recorded, this one is on ", g.device());
    register_with(*g.get<at::CUDAGeneratorImpl>(), graph_of(graph));
  });
}

ct_err cuda_graph_capture_begin(ct_cuda_graph graph, int32_t mode) noexcept {
  return guard([&] { graph_of(graph).capture_begin({0, 0}, static_cast<cudaStreamCaptureMode>(mode)); });
}

ct_err cuda_graph_capture_end(ct_cuda_graph graph) noexcept {
  return guard([&] { graph_of(graph).capture_end(); });
}

ct_err cuda_graph_replay(ct_cuda_graph graph) noexcept {
  return guard([&] { graph_of(graph).replay(); });
}

}  // namespace ct
