// Automatic choice of dtypes, a setting of the calling thread.

#include <ATen/autocast_mode.h>

#include "guard.h"

namespace ct {

ct_err enter_autocast(int8_t device_type, int8_t dtype, bool enabled, ct_autocast *before) noexcept {
  return guard([&] {
    const auto device = static_cast<at::DeviceType>(device_type);
    before->enabled = at::autocast::is_autocast_enabled(device);
    before->dtype = static_cast<int8_t>(at::autocast::get_autocast_dtype(device));
    at::autocast::set_autocast_enabled(device, enabled);
    if (dtype >= 0) at::autocast::set_autocast_dtype(device, ct::dtype(dtype));
    at::autocast::increment_nesting();
  });
}

// The cache holds casts of parameters, which may change once the outermost
// autocast has ended.
void leave_autocast(int8_t device_type, ct_autocast before) noexcept {
  const auto device = static_cast<at::DeviceType>(device_type);
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device, before.enabled);
  at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(before.dtype));
}

ct_autocast get_autocast(int8_t device_type) noexcept {
  const auto device = static_cast<at::DeviceType>(device_type);
  return {at::autocast::is_autocast_enabled(device), static_cast<int8_t>(at::autocast::get_autocast_dtype(device))};
}

bool set_autocast_cache(bool on) noexcept {
  const bool before = at::autocast::is_autocast_cache_enabled();
  at::autocast::set_autocast_cache_enabled(on);
  return before;
}

}  // namespace ct
