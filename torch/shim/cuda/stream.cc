// Streams, the queues of work on a device, and events, which mark places in them.

#include <c10/core/Event.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include "device.h"
#include "guard.h"

namespace ct {

using c10::cuda::CUDAStream;

static ct_cuda_stream pack(const CUDAStream &s) { return {s.id(), s.device_index()}; }

static CUDAStream unpack(ct_cuda_stream s) {
  return CUDAStream::unpack3(s.id, checked(s.device), c10::DeviceType::CUDA);
}

static c10::Event &event_of(ct_cuda_event e) { return *reinterpret_cast<c10::Event *>(e); }

ct_err cuda_new_stream(int32_t index, int32_t priority, ct_cuda_stream *out) noexcept {
  return guard([&] { *out = pack(c10::cuda::getStreamFromPool(static_cast<int>(priority), checked(index))); });
}

ct_err cuda_default_stream(int32_t index, ct_cuda_stream *out) noexcept {
  return guard([&] { *out = pack(c10::cuda::getDefaultCUDAStream(checked(index))); });
}

ct_err cuda_current_stream(int32_t index, ct_cuda_stream *out) noexcept {
  return guard([&] { *out = pack(c10::cuda::getCurrentCUDAStream(checked(index))); });
}

ct_err cuda_set_stream(ct_cuda_stream stream) noexcept {
  return guard([&] { c10::cuda::setCurrentCUDAStream(unpack(stream)); });
}

ct_err cuda_stream_query(ct_cuda_stream stream, bool *done) noexcept {
  return guard([&] { *done = unpack(stream).query(); });
}

ct_err cuda_stream_synchronize(ct_cuda_stream stream) noexcept {
  return guard([&] { unpack(stream).synchronize(); });
}

ct_err cuda_record_stream(ct_tensor t, ct_cuda_stream stream) noexcept {
  return guard([&] {
    const CUDAStream s = unpack(stream);
    TORCH_CHECK_VALUE(ref(t).is_cuda(), "only a CUDA tensor can be used on a stream, this one is on ", ref(t).device());
    c10::cuda::CUDACachingAllocator::recordStream(ref(t).storage().data_ptr(), s);
  });
}

ct_err cuda_event_new(bool timing, ct_cuda_event *out) noexcept {
  return guard([&] {
    checked(0);
    auto flag = timing ? c10::EventFlag::BACKEND_DEFAULT : c10::EventFlag::PYTORCH_DEFAULT;
    *out = reinterpret_cast<ct_cuda_event>(new c10::Event(c10::DeviceType::CUDA, flag));
  });
}

void cuda_event_free(ct_cuda_event event) noexcept { delete &event_of(event); }

ct_err cuda_event_record(ct_cuda_event event, ct_cuda_stream stream) noexcept {
  return guard([&] { event_of(event).record(unpack(stream).unwrap()); });
}

ct_err cuda_event_wait(ct_cuda_event event, ct_cuda_stream stream) noexcept {
  return guard([&] { event_of(event).block(unpack(stream).unwrap()); });
}

ct_err cuda_event_query(ct_cuda_event event, bool *done) noexcept {
  return guard([&] { *done = event_of(event).query(); });
}

ct_err cuda_event_synchronize(ct_cuda_event event) noexcept {
  return guard([&] { event_of(event).synchronize(); });
}

ct_err cuda_event_elapsed(ct_cuda_event start, ct_cuda_event end, double *milliseconds) noexcept {
  return guard([&] { *milliseconds = event_of(start).elapsedTime(event_of(end)); });
}

}  // namespace ct
