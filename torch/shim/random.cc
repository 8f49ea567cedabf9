// Random numbers from generators of one's own.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/AcceleratorHooksInterface.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randperm.h>

#include "guard.h"

namespace ct {

ct_err generator_new(uint64_t seed, int8_t device_type, int8_t device_index, ct_generator *out) noexcept {
  return guard([&] {
    const auto type = static_cast<c10::DeviceType>(device_type);
    at::Generator g = type == c10::DeviceType::CPU
                          ? at::make_generator<at::CPUGeneratorImpl>(seed)
                          : at::globalContext().getAcceleratorHooksInterface(type).getNewGenerator(device_index);
    g.set_current_seed(seed);
    *out = reinterpret_cast<ct_generator>(new at::Generator(std::move(g)));
  });
}

void generator_free(ct_generator g) noexcept { delete reinterpret_cast<at::Generator *>(g); }

ct_err generator_seed(ct_generator g, uint64_t seed) noexcept {
  return guard([&] { gen(g).set_current_seed(seed); });
}

ct_ret generator_state(ct_generator g) noexcept {
  return guard_tensor([&] { return gen(g).get_state(); });
}

ct_err generator_restore(ct_generator g, ct_tensor state) noexcept {
  return guard([&] { gen(g).set_state(ref(state)); });
}

ct_err fill_normal(ct_tensor t, double mean, double std, ct_generator g) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    ref(t).normal_(mean, std, gen(g));
  });
}

ct_err fill_uniform(ct_tensor t, double from, double to, ct_generator g) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    ref(t).uniform_(from, to, gen(g));
  });
}

ct_err fill_bernoulli(ct_tensor t, double p, ct_generator g) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    ref(t).bernoulli_(p, gen(g));
  });
}

ct_ret randperm(int64_t n, ct_generator g) noexcept {
  return guard_tensor([&] { return at::randperm(n, gen(g), at::TensorOptions().dtype(at::kLong).device(gen(g).device())); });
}

}  // namespace ct
