// Prototypes of the shim's CUDA part, libctorch_cuda.so. internal/opgen reads
// this file and makes a table of it, as of core.h for the shim itself. A device
// index is that of the process, from 0.
#ifndef CT_CUDA_CORE_H
#define CT_CUDA_CORE_H

#include "types.h"

// Devices (device.cc).
const char *ct_cuda_built_version(void);
ct_err ct_cuda_require_device(void);
ct_err ct_cuda_current_device(int32_t *out);
ct_err ct_cuda_set_device(int32_t index);
ct_err ct_cuda_synchronize(int32_t index);
ct_err ct_cuda_properties(int32_t index, ct_cuda_device *out);
ct_err ct_cuda_versions(int32_t *runtime, int32_t *driver);

// Memory (memory.cc).
ct_err ct_cuda_memory_info(int32_t index, int64_t *free, int64_t *total);
ct_err ct_cuda_memory_stats(int32_t index, ct_cuda_memory *out);
ct_err ct_cuda_reset_peak_stats(int32_t index);
ct_err ct_cuda_empty_cache(void);
ct_err ct_cuda_set_memory_fraction(int32_t index, double fraction);

// Streams and events (stream.cc).
ct_err ct_cuda_new_stream(int32_t index, int32_t priority, ct_cuda_stream *out);
ct_err ct_cuda_default_stream(int32_t index, ct_cuda_stream *out);
ct_err ct_cuda_current_stream(int32_t index, ct_cuda_stream *out);
ct_err ct_cuda_set_stream(ct_cuda_stream stream);
ct_err ct_cuda_stream_query(ct_cuda_stream stream, bool *done);
ct_err ct_cuda_stream_synchronize(ct_cuda_stream stream);
ct_err ct_cuda_record_stream(ct_tensor t, ct_cuda_stream stream);
ct_err ct_cuda_event_new(bool timing, ct_cuda_event *out);
void ct_cuda_event_free(ct_cuda_event event);
ct_err ct_cuda_event_record(ct_cuda_event event, ct_cuda_stream stream);
ct_err ct_cuda_event_wait(ct_cuda_event event, ct_cuda_stream stream);
ct_err ct_cuda_event_query(ct_cuda_event event, bool *done);
ct_err ct_cuda_event_synchronize(ct_cuda_event event);
ct_err ct_cuda_event_elapsed(ct_cuda_event start, ct_cuda_event end, double *milliseconds);

// Graphs (graph.cc). The mode is that of cudaStreamCaptureMode: 0 global,
// 1 thread_local, 2 relaxed.
ct_err ct_cuda_graph_new(ct_cuda_graph *out);
void ct_cuda_graph_free(ct_cuda_graph graph);
ct_err ct_cuda_graph_register_generator(ct_cuda_graph graph, ct_generator generator);
ct_err ct_cuda_graph_capture_begin(ct_cuda_graph graph, int32_t mode);
ct_err ct_cuda_graph_capture_end(ct_cuda_graph graph);
ct_err ct_cuda_graph_replay(ct_cuda_graph graph);

#endif  // CT_CUDA_CORE_H
