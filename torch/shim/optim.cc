// Optimizer steps over whole parameter lists, one call a step.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>

#include "guard.h"

namespace ct {

ct_err adam_step(const ct_tensor *params, const ct_tensor *exp_avgs, const ct_tensor *exp_avg_sqs, int64_t n, int64_t step,
                 double lr, double beta1, double beta2, double eps, double weight_decay, bool decoupled) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    std::vector<at::Tensor> p, g, m, v, steps;
    for (int64_t i = 0; i < n; i++) {
      const at::Tensor &grad = ref(params[i]).grad();
      if (!grad.defined()) continue;
      if (steps.empty()) steps.push_back(at::full({}, static_cast<double>(step), ref(params[i]).options().dtype(at::kFloat)));
      p.push_back(ref(params[i]));
      g.push_back(grad);
      m.push_back(ref(exp_avgs[i]));
      v.push_back(ref(exp_avg_sqs[i]));
    }
    if (p.empty()) return;
    steps.resize(p.size(), steps.front());
    if (decoupled)
      at::_fused_adamw_(p, g, m, v, {}, steps, lr, beta1, beta2, weight_decay, eps, /*amsgrad=*/false, /*maximize=*/false);
    else
      at::_fused_adam_(p, g, m, v, {}, steps, lr, beta1, beta2, weight_decay, eps, /*amsgrad=*/false, /*maximize=*/false);
  });
}

}  // namespace ct
