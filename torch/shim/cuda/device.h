// What the files of the CUDA part share.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

#include "types.h"

namespace ct {

// checked returns index as libtorch's type, and throws unless there is such a
// device. It makes libtorch's CUDA state ready.
c10::DeviceIndex checked(int32_t index);

}  // namespace ct
