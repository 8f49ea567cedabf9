// Optimizer steps and other changes of whole parameter lists, one call each.

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_clamp_max.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <map>

#include "guard.h"

namespace ct {

using tensors_t = std::vector<at::Tensor>;
using indices_t = std::vector<int64_t>;

// A kernel over a list wants one device and one dtype.
template <class F>
static std::vector<indices_t> by_kind(const ct_tensor *t, int64_t n, F &&want) {
  std::vector<indices_t> buckets;
  std::map<std::tuple<c10::DeviceType, c10::DeviceIndex, at::ScalarType>, size_t> of;
  for (int64_t i = 0; i < n; i++) {
    const at::Tensor &x = ref(t[i]);
    if (!want(x)) continue;
    const auto [at, fresh] = of.try_emplace({x.device().type(), x.device().index(), x.scalar_type()}, buckets.size());
    if (fresh) buckets.emplace_back();
    buckets[at->second].push_back(i);
  }
  return buckets;
}

// The parameters that have a gradient, by device and dtype.
static std::vector<indices_t> to_step(const ct_tensor *params, int64_t n) {
  return by_kind(params, n, [](const at::Tensor &p) { return p.grad().defined(); });
}

static tensors_t pick(const ct_tensor *t, const indices_t &at) {
  tensors_t list;
  list.reserve(at.size());
  for (int64_t i : at) list.push_back(ref(t[i]));
  return list;
}

// Fused kernels walk through the memory of parameter and gradient side by
// side, so a gradient in another order is copied into the parameter's.
static tensors_t grads(const ct_tensor *params, const indices_t &at) {
  tensors_t list;
  list.reserve(at.size());
  for (int64_t i : at) {
    const at::Tensor &p = ref(params[i]), &g = p.grad();
    list.push_back(g.strides() == p.strides() ? g : at::empty_like(p).copy_(g));
  }
  return list;
}

// All gradients there are, in place and in their own order of memory.
static std::vector<tensors_t> own_grads(const ct_tensor *params, int64_t n) {
  std::vector<tensors_t> lists;
  for (const indices_t &at : to_step(params, n)) {
    lists.emplace_back();
    for (int64_t i : at) lists.back().push_back(ref(params[i]).grad());
  }
  return lists;
}

ct_err adam_step(const ct_tensor *params, const ct_tensor *exp_avgs, const ct_tensor *exp_avg_sqs, const ct_tensor *steps,
                 int64_t n, double lr, double beta1, double beta2, double eps, double weight_decay, bool decoupled) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    for (const indices_t &at : to_step(params, n)) {
      tensors_t p = pick(params, at), g = grads(params, at), m = pick(exp_avgs, at), v = pick(exp_avg_sqs, at), s = pick(steps, at);
      at::_foreach_add_(s, 1);
      if (decoupled)
        at::_fused_adamw_(p, g, m, v, {}, s, lr, beta1, beta2, weight_decay, eps, /*amsgrad=*/false, /*maximize=*/false);
      else
        at::_fused_adam_(p, g, m, v, {}, s, lr, beta1, beta2, weight_decay, eps, /*amsgrad=*/false, /*maximize=*/false);
    }
  });
}

// Without momentum there are no buffers and no steps. The first step of a
// parameter starts its buffer with the gradient, whatever the dampening.
ct_err sgd_step(const ct_tensor *params, const ct_tensor *buffers, const ct_tensor *steps, int64_t n, double lr, double momentum,
                double dampening, double weight_decay, bool nesterov) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    for (const indices_t &at : to_step(params, n)) {
      if (momentum == 0) {
        tensors_t p = pick(params, at), g = grads(params, at);
        at::_fused_sgd_(p, g, {}, weight_decay, momentum, lr, dampening, nesterov, /*maximize=*/false, /*is_first_step=*/false);
        continue;
      }
      indices_t halves[2];
      for (int64_t i : at) halves[ref(steps[i]).item<double>() == 0].push_back(i);
      for (const bool first : {false, true}) {
        if (halves[first].empty()) continue;
        tensors_t p = pick(params, halves[first]), g = grads(params, halves[first]), b = pick(buffers, halves[first]);
        at::_fused_sgd_(p, g, b, weight_decay, momentum, lr, dampening, nesterov, /*maximize=*/false, first);
      }
      at::_foreach_add_(pick(steps, at), 1);
    }
  });
}

static at::Tensor norms(const tensors_t &t) { return at::stack(at::_foreach_norm(t)); }

// by_norms multiplies each tensor of x by ratio, or by 1 where one of the two
// norms is 0 and so tells nothing. Nothing waits for the device.
static void by_norms(tensors_t &x, const at::Tensor &ratio, const at::Tensor &a, const at::Tensor &b) {
  const at::Tensor r = at::where((a > 0).logical_and_(b > 0), ratio, at::ones_like(ratio));
  at::_foreach_mul_(x, r.unbind());
}

ct_err lars_step(const ct_tensor *params, const ct_tensor *buffers, int64_t n, double lr, double momentum, double weight_decay,
                 double trust, double eps, bool adapt, bool lr_inside, bool clip) noexcept {
  return guard([&] {
    TORCH_CHECK_VALUE(!(lr_inside && clip), "the ratio is clipped where the learning rate multiplies the buffer, so lr_inside and clip exclude each other");
    at::AutoGradMode off(false);
    for (const indices_t &at : to_step(params, n)) {
      tensors_t p = pick(params, at), g = grads(params, at), b = pick(buffers, at);
      tensors_t d = at::_foreach_add(g, p, weight_decay);
      if (adapt) {
        const at::Tensor wn = norms(p);
        if (clip) {
          // Without a gradient there is no decay either.
          const at::Tensor gn = norms(g);
          const at::Tensor ratio = at::clamp(trust * wn / (gn + weight_decay * wn + eps) / lr, std::nullopt, 1.0);
          by_norms(d, at::where(gn > 0, ratio, 0), wn, at::ones_like(gn));
        } else if (lr_inside) {
          const at::Tensor gn = norms(g);
          by_norms(d, trust * wn / (gn + weight_decay * wn + eps), wn, gn);
        } else {
          const at::Tensor dn = norms(d);
          by_norms(d, trust * wn / (dn + eps), wn, dn);
        }
      }
      at::_foreach_mul_(b, momentum);
      at::_foreach_add_(b, d, lr_inside ? lr : 1.0);
      at::_foreach_add_(p, b, lr_inside ? -1.0 : -lr);
    }
  });
}

// The steps lie on the host, for the corrections of the moments.
ct_err lamb_step(const ct_tensor *params, const ct_tensor *exp_avgs, const ct_tensor *exp_avg_sqs, const ct_tensor *steps,
                 int64_t n, double lr, double beta1, double beta2, double eps, double weight_decay, double max_weight_norm,
                 bool adapt, bool correct_bias) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    for (const indices_t &at : to_step(params, n)) {
      tensors_t p = pick(params, at), g = grads(params, at), m = pick(exp_avgs, at), v = pick(exp_avg_sqs, at), s = pick(steps, at);
      at::_foreach_add_(s, 1);
      at::_foreach_lerp_(m, g, 1 - beta1);
      at::_foreach_mul_(v, beta2);
      at::_foreach_addcmul_(v, g, g, 1 - beta2);
      tensors_t r, root = at::_foreach_sqrt(v);
      if (correct_bias) {
        std::vector<at::Scalar> first, second;
        for (const at::Tensor &t : s) {
          first.emplace_back(1 - std::pow(beta1, t.item<double>()));
          second.emplace_back(std::sqrt(1 - std::pow(beta2, t.item<double>())));
        }
        at::_foreach_div_(root, second);
        at::_foreach_add_(root, eps);
        r = at::_foreach_div(m, root);
        at::_foreach_div_(r, first);
      } else {
        at::_foreach_add_(root, eps);
        r = at::_foreach_div(m, root);
      }
      if (weight_decay != 0) at::_foreach_add_(r, p, weight_decay);
      if (adapt) {
        const at::Tensor wn = norms(p), rn = norms(r);
        by_norms(r, (max_weight_norm > 0 ? at::clamp(wn, std::nullopt, max_weight_norm) : wn) / rn, wn, rn);
      }
      at::_foreach_add_(p, r, -lr);
    }
  });
}

// Whole numbers move as torch.optim.swa_utils moves them: the mean, cut off.
ct_err lerp_all(const ct_tensor *targets, const ct_tensor *sources, int64_t n, double weight) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    for (const indices_t &at : by_kind(targets, n, [](const at::Tensor &) { return true; })) {
      tensors_t t = pick(targets, at), s = pick(sources, at);
      if (at::isFloatingType(t[0].scalar_type()) || at::isComplexType(t[0].scalar_type())) {
        at::_foreach_lerp_(t, s, weight);
        continue;
      }
      for (size_t i = 0; i < t.size(); i++) t[i].copy_(t[i] * (1 - weight) + s[i] * weight);
    }
  });
}

ct_err copy_all(const ct_tensor *targets, const ct_tensor *sources, int64_t n) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    for (const indices_t &at : by_kind(targets, n, [](const at::Tensor &) { return true; }))
      at::_foreach_copy_(pick(targets, at), pick(sources, at));
  });
}

ct_ret clip_grad_norm(const ct_tensor *params, int64_t n, double max_norm, double norm_type) noexcept {
  return guard_tensor([&]() -> at::Tensor {
    at::AutoGradMode off(false);
    std::vector<tensors_t> lists = own_grads(params, n);
    if (lists.empty()) return at::zeros({});
    const at::Device device = lists[0][0].device();
    tensors_t each;
    for (const tensors_t &g : lists)
      for (const at::Tensor &x : at::_foreach_norm(g, norm_type)) each.push_back(x.to(device));
    at::ScalarType widest = each[0].scalar_type();
    for (const at::Tensor &x : each) widest = c10::promoteTypes(widest, x.scalar_type());
    for (at::Tensor &x : each) x = x.to(widest);
    at::Tensor total = at::linalg_vector_norm(at::stack(each), norm_type);
    const at::Tensor factor = at::clamp(max_norm / (total + 1e-6), std::nullopt, 1.0);
    for (tensors_t &g : lists) at::_foreach_mul_(g, factor.to(g[0].device()));
    return total;
  });
}

// The norms come back in the order of params.
ct_ret clip_grad_norm_each(const ct_tensor *params, int64_t n, double max_norm, double norm_type) noexcept {
  return guard_tensor([&]() -> at::Tensor {
    at::AutoGradMode off(false);
    const std::vector<indices_t> lists = to_step(params, n);
    if (lists.empty()) return at::zeros({n});
    const at::Device device = ref(params[lists[0][0]]).grad().device();
    at::ScalarType widest = at::kFloat;
    tensors_t each(n);
    for (const indices_t &at : lists) {
      tensors_t g;
      for (int64_t i : at) g.push_back(ref(params[i]).grad());
      const tensors_t own = at::_foreach_norm(g, norm_type);
      tensors_t factors = at::clamp(max_norm / (at::stack(own) + 1e-6), std::nullopt, 1.0).unbind();
      at::_foreach_mul_(g, factors);
      for (size_t k = 0; k < at.size(); k++) each[at[k]] = own[k].to(device);
      widest = c10::promoteTypes(widest, own[0].scalar_type());
    }
    for (at::Tensor &x : each) x = x.defined() ? x.to(widest) : at::zeros({}, at::TensorOptions(device).dtype(widest));
    return at::stack(each);
  });
}

ct_err clip_grad_value(const ct_tensor *params, int64_t n, double clip) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    for (tensors_t &g : own_grads(params, n)) {
      at::_foreach_clamp_min_(g, -clip);
      at::_foreach_clamp_max_(g, clip);
    }
  });
}

// The reciprocal is rounded once, from double, as in torch.amp.GradScaler.
ct_flag unscale_grads(const ct_tensor *params, int64_t n, ct_tensor found_inf, ct_tensor scale) noexcept {
  return guard_flag([&] {
    at::AutoGradMode off(false);
    std::vector<tensors_t> lists = own_grads(params, n);
    for (const tensors_t &g : lists)
      TORCH_CHECK_VALUE(g[0].scalar_type() != at::kHalf,
                        "the gradients are float16; keep the parameters in float32 and let Autocast choose float16 for operations");
    const at::Tensor inverse = ref(scale).to(at::kDouble).reciprocal().to(at::kFloat);
    for (const tensors_t &g : lists) at::_amp_foreach_non_finite_check_and_unscale_(g, ref(found_inf), inverse);
    return !lists.empty();
  });
}

ct_err update_scale(ct_tensor scale, ct_tensor growth_tracker, ct_tensor found_inf, double growth, double backoff,
                    int64_t interval) noexcept {
  return guard([&] {
    at::AutoGradMode off(false);
    at::_amp_update_scale_(ref(scale), ref(growth_tracker), ref(found_inf), growth, backoff, interval);
  });
}

}  // namespace ct
