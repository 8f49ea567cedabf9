// Single operations in C++ on the same libtorch: what ../worker_ops.go could
// reach at best. See ../peer.go for what it talks.
//
//	bench-cpp THREADS

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/headeronly/version.h>

#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

// wave is the operand that all sides can make for themselves: sin(1), sin(2), …
static at::Tensor wave(at::IntArrayRef shape) {
  at::Tensor t = at::empty(shape, at::kFloat);
  float *values = t.mutable_data_ptr<float>();
  for (int64_t i = 0; i < t.numel(); i++) values[i] = static_cast<float>(std::sin(i + 1.0));
  return t;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::cerr << "bench-cpp wants the number of threads\n";
    return 2;
  }
  at::set_num_threads(std::stoi(argv[1]));
  const at::Tensor a = wave({2, 2}), b = wave({2, 2});
  const at::Tensor m = wave({64, 64}), w = wave({64, 64}) / 8;
  const at::Tensor x = wave({8, 8, 14, 14}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor k = wave({8, 8, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor v = wave({1000}).requires_grad_(), s = wave({1000}), t = wave({1000});
  const at::Tensor big = at::ones({1 << 20});

  const std::map<std::string, std::function<at::Tensor(int64_t)>> actions = {
      {"add",
       [&](int64_t n) {
         at::Tensor y;
         while (n-- > 0) y = at::add(a, b);
         return y.sum();
       }},
      {"mm",
       [&](int64_t n) {
         at::Tensor y;
         while (n-- > 0) y = at::mm(m, w);
         return y.sum();
       }},
      {"conv2d",
       [&](int64_t n) {
         at::NoGradGuard no_grad;
         at::Tensor y;
         while (n-- > 0) y = at::conv2d(x, k, {}, 1, 1);
         return y.sum();
       }},
      {"chain",
       [&](int64_t n) {
         at::Tensor total;
         while (n-- > 0) {
           at::Tensor y = v;
           for (int i = 0; i < 3; i++) y = at::tanh(at::add(at::mul(y, s), t));
           torch::autograd::backward({y.sum()}, {});
           total = v.grad().sum();
           v.mutable_grad().reset();
         }
         return total;
       }},
      {"held",
       [&](int64_t n) {
         std::vector<at::Tensor> kept;
         while (n-- > 0) {
           if (kept.size() == 10) kept.clear();
           kept.push_back(at::add(big, big));
         }
         return kept.back().sum();
       }},
  };

  std::cout << "ready " << TORCH_VERSION << std::endl;
  std::string what;
  for (int64_t n; std::cin >> what >> n;) {
    const auto action = actions.find(what);
    if (action == actions.end()) {
      std::cerr << "there is no action " << what << "\n";
      return 1;
    }
    std::printf("%.17g\n", action->second(n).item<double>());
    std::fflush(stdout);
  }
}
