// Prototypes of the shim's hand-written functions. internal/opgen reads this
// file: each prototype here becomes a member of the table in api_gen.h, next
// to the ops of ops.txt. The functions themselves live in namespace ct,
// without the prefix.
#ifndef CT_CORE_H
#define CT_CORE_H

#include "types.h"

// Library (library.cc).
void ct_init(void);
const char *ct_built_version(void);
ct_err ct_loaded_config(void);
int64_t ct_live(void);
int32_t ct_get_num_threads(void);
ct_err ct_set_num_threads(int32_t n);
ct_err ct_load_cuda(void);
int32_t ct_cuda_count(void);

// Handles (handle.cc).
ct_ret ct_retain(ct_tensor t);
void ct_release(ct_tensor t);
void ct_release_many(const ct_tensor *t, int64_t n);
ct_err ct_describe(ct_tensor t, ct_meta *out);
void *ct_data(ct_tensor t);

// Boxed calls (call.cc, extension.cc). The arguments are n cells: values given by
// position, then those given by name, each after its name; then their text.
ct_value ct_call(const char *name, int64_t name_len, const ct_cell *cells, int64_t n, int64_t positional, const char *text);
ct_value ct_schemas(const char *name, int64_t name_len);
ct_err ct_load_extension(const char *path, int64_t path_len);

// TorchScript (script.cc).
ct_err ct_script_load(const void *data, int64_t bytes, ct_script *out);
void ct_script_free(ct_script m);
ct_value ct_script_call(ct_script m, const char *method, int64_t method_len, const ct_cell *cells, int64_t n, int64_t positional, const char *text);
ct_value ct_script_methods(ct_script m);
ct_value ct_script_tensors(ct_script m, bool buffers);
ct_err ct_script_assign(ct_script m, const char *name, int64_t name_len, ct_tensor t);
ct_err ct_script_train(ct_script m, bool on);
ct_err ct_script_to(ct_script m, int8_t device_type, int8_t device_index, int8_t dtype);

// Construction and copies (create.cc). For ct_to a negative dtype or device type
// means: as it is.
ct_ret ct_empty(const int64_t *size, int64_t dim, int8_t dtype, int8_t device_type, int8_t device_index, int8_t format);
ct_ret ct_full(const int64_t *size, int64_t dim, double value, int8_t dtype, int8_t device_type, int8_t device_index);
ct_ret ct_arange(double start, double end, double step, int8_t dtype, int8_t device_type, int8_t device_index);
ct_ret ct_eye(int64_t n, int8_t dtype, int8_t device_type, int8_t device_index);
ct_ret ct_from_host(const void *data, int64_t bytes, const int64_t *size, int64_t dim, int8_t dtype);
ct_err ct_copy_from_host(ct_tensor t, const void *data, int64_t bytes);
ct_err ct_copy_to_host(ct_tensor t, void *data, int64_t bytes);
ct_ret ct_to(ct_tensor t, int8_t dtype, int8_t device_type, int8_t device_index);
ct_err ct_item(ct_tensor t, double *out);
ct_err ct_item_int(ct_tensor t, int64_t *out);
ct_ret ct_index(ct_tensor t, const ct_tensor *indices, int64_t n);

// Autograd (autograd.cc).
ct_err ct_set_requires_grad(ct_tensor t, bool on);
ct_ret ct_grad(ct_tensor t);
ct_err ct_set_grad(ct_tensor t, ct_tensor grad);
ct_err ct_zero_grad(const ct_tensor *t, int64_t n);
ct_err ct_backward(const ct_tensor *t, int64_t n, const ct_tensor *grads, bool retain_graph, bool create_graph, const ct_tensor *inputs, int64_t m);
ct_err ct_gradients(const ct_tensor *outputs, int64_t n, const ct_tensor *grads, const ct_tensor *inputs, int64_t m, bool retain_graph, bool create_graph, ct_tensor *out);
bool ct_set_grad_mode(bool on);
bool ct_get_grad_mode(void);
ct_err ct_detach_in_place(ct_tensor t);
uintptr_t ct_inference_enter(void);
void ct_inference_leave(uintptr_t before);
bool ct_get_inference_mode(void);
ct_flag ct_is_inference(ct_tensor t);

// Calls of Go, hooks (callback.cc, hook.cc). An id is Go's name for what it
// registered; each is given back once, by ct_take_dropped, when C++ has
// forgotten it. No other function than ct_backward and ct_gradients calls Go.
void ct_set_callback(ct_callback callback);
int64_t ct_take_dropped(uint64_t *ids, int64_t n);
ct_err ct_register_hook(ct_tensor t, uint64_t id);
ct_err ct_register_grad_hook(ct_tensor t, uint64_t id);
void ct_remove_hook(uint64_t id);

// Functions whose backward pass is written in Go (function.cc). A node is only
// valid while Go runs for it.
ct_err ct_record_function(uint64_t id, const char *name, int64_t name_len, const ct_tensor *inputs, int64_t n, const ct_tensor *outputs, const bool *differentiable, int64_t m, const ct_tensor *saved, int64_t k, bool materialize_grads, ct_tensor *out);
ct_list ct_saved_tensors(uintptr_t node);
bool ct_needs_input_grad(uintptr_t node, int64_t i);
bool ct_is_checkpoint_valid(void);

// Random numbers (random.cc). A generator belongs to one device.
ct_err ct_generator_new(uint64_t seed, int8_t device_type, int8_t device_index, ct_generator *out);
void ct_generator_free(ct_generator g);
ct_err ct_generator_seed(ct_generator g, uint64_t seed);
ct_ret ct_generator_state(ct_generator g);
ct_err ct_generator_restore(ct_generator g, ct_tensor state);
ct_err ct_fill_normal(ct_tensor t, double mean, double std, ct_generator g);
ct_err ct_fill_uniform(ct_tensor t, double from, double to, ct_generator g);
ct_err ct_fill_bernoulli(ct_tensor t, double p, ct_generator g);
ct_ret ct_randperm(int64_t n, ct_generator g);

// Whole-list steps (optim.cc). Parameters without a gradient stay as they are.
// Steps are float32 scalars, one for each parameter.
ct_err ct_adam_step(const ct_tensor *params, const ct_tensor *exp_avgs, const ct_tensor *exp_avg_sqs, const ct_tensor *steps, int64_t n, double lr, double beta1, double beta2, double eps, double weight_decay, bool decoupled);
ct_err ct_sgd_step(const ct_tensor *params, const ct_tensor *buffers, const ct_tensor *steps, int64_t n, double lr, double momentum, double dampening, double weight_decay, bool nesterov);
ct_err ct_lars_step(const ct_tensor *params, const ct_tensor *buffers, int64_t n, double lr, double momentum, double weight_decay, double trust, double eps, bool adapt, bool lr_inside, bool clip);
ct_err ct_lamb_step(const ct_tensor *params, const ct_tensor *exp_avgs, const ct_tensor *exp_avg_sqs, const ct_tensor *steps, int64_t n, double lr, double beta1, double beta2, double eps, double weight_decay, double max_weight_norm, bool adapt, bool correct_bias);
ct_err ct_lerp_all(const ct_tensor *targets, const ct_tensor *sources, int64_t n, double weight);
ct_err ct_copy_all(const ct_tensor *targets, const ct_tensor *sources, int64_t n);
ct_ret ct_clip_grad_norm(const ct_tensor *params, int64_t n, double max_norm, double norm_type);
ct_ret ct_clip_grad_norm_each(const ct_tensor *params, int64_t n, double max_norm, double norm_type);
ct_err ct_clip_grad_value(const ct_tensor *params, int64_t n, double clip);
ct_flag ct_unscale_grads(const ct_tensor *params, int64_t n, ct_tensor found_inf, ct_tensor scale);
ct_err ct_update_scale(ct_tensor scale, ct_tensor growth_tracker, ct_tensor found_inf, double growth, double backoff, int64_t interval);

// Autocast (autocast.cc). A negative dtype means: as it is.
ct_err ct_enter_autocast(int8_t device_type, int8_t dtype, bool enabled, ct_autocast *before);
void ct_leave_autocast(int8_t device_type, ct_autocast before);
ct_autocast ct_get_autocast(int8_t device_type);
bool ct_set_autocast_cache(bool on);

// Storages (storage.cc): where the elements of a tensor lie, and tensors that
// lie in the storage of another.
ct_err ct_storage(ct_tensor t, ct_layout *out);
ct_ret ct_on_storage(ct_tensor base, const int64_t *size, const int64_t *stride, int64_t dim, int64_t offset, int8_t dtype);

// When memory runs out (errors.cc). Go reads a byte from the pipe for each call
// that waits, collects, and says up to which request it did.
void ct_relief_start(int32_t pipe);
int64_t ct_relief_asked(void);
void ct_relief_done(int64_t asked);

// Settings of the process (context.cc): CT_SETTING_*.
bool ct_get_setting(int32_t setting);
ct_err ct_set_setting(int32_t setting, bool on);
ct_err ct_set_deterministic(bool on, bool warn_only);
ct_err ct_set_float32_matmul_precision(int32_t precision);
int32_t ct_float32_matmul_precision(void);

// Host memory that a GPU can read while the host goes on (pinned.cc).
ct_ret ct_empty_pinned(const int64_t *size, int64_t dim, int8_t dtype);
ct_ret ct_pin_memory(ct_tensor t);
ct_flag ct_is_pinned(ct_tensor t);
ct_ret ct_to_async(ct_tensor t, int8_t device_type, int8_t device_index);
ct_err ct_copy_async(ct_tensor t, ct_tensor src);

// Host memory that tensors hold, in bytes (memory.cc).
int64_t ct_host_bytes(void);
int64_t ct_host_peak(bool reset);

#endif  // CT_CORE_H
