// Types of the shim's C ABI, shared by cgo and the C++ side.
#ifndef CT_TYPES_H
#define CT_TYPES_H

#include <stdbool.h>
#include <stdint.h>

// A tensor handle: an at::Tensor* that the holder owns and must free once.
// It is an integer so that cgo neither scans nor checks it; 0 means absent.
typedef uintptr_t ct_tensor;

// A random number generator: an at::Generator* owned by the holder.
typedef uintptr_t ct_generator;

// NULL when all went well, else a malloc'ed string: one byte of kind
// (CT_ERR_*), then the message. The receiver frees it.
typedef char *ct_err;

enum {
  CT_ERR_RUNTIME = 1,
  CT_ERR_MEMORY = 2,
  CT_ERR_INDEX = 3,
  CT_ERR_NOT_IMPLEMENTED = 4,
  CT_ERR_VALUE = 5,
  CT_ERR_CALLBACK = 6,  // Go code panicked; the message is the decimal id of the panic's value
};

// How libtorch calls Go: runs what Go has registered under id with n tensors,
// of which Go becomes the owner (0 where one is undefined), and fills out with
// m that the caller will own. node is the autograd node that runs, for
// functions. Returns 0, or the id under which Go keeps the value of a panic.
typedef uint64_t (*ct_callback)(uint64_t id, uintptr_t node, ct_tensor *in, int64_t n, ct_tensor *out, int64_t m);

typedef struct {
  ct_tensor t;
  ct_err err;
} ct_ret;

// t is malloc'ed and freed by the receiver; it holds n handles.
typedef struct {
  ct_tensor *t;
  int64_t n;
  ct_err err;
} ct_list;

typedef struct {
  bool value;
  ct_err err;
} ct_flag;

enum {
  CT_SETTING_DETERMINISTIC = 0,  // read only, see ct_set_deterministic
  CT_SETTING_CUDNN = 1,
  CT_SETTING_CUDNN_BENCHMARK = 2,
  CT_SETTING_CUDNN_DETERMINISTIC = 3,
  CT_SETTING_CUDNN_TF32 = 4,
  CT_SETTING_MATMUL_TF32 = 5,
};

// Boxed calls and TorchScript: values whose types are known at run time only.

// A TorchScript module: a torch::jit::Module* owned by the holder.
typedef uintptr_t ct_script;

enum {
  CT_NONE = 0,
  CT_TENSOR = 1,      // i is the handle; a result's belongs to the receiver
  CT_OPERAND = 2,     // results only: i is the handle of the operand that was changed in place
  CT_BOOL = 3,        // i is 0 or 1
  CT_INT = 4,         // i
  CT_FLOAT = 5,       // x
  CT_COMPLEX = 6,     // x + iy
  CT_STRING = 7,      // n bytes from position i of the text
  CT_DTYPE = 8,       // i
  CT_DEVICE = 9,      // i is the type, n the index
  CT_FORMAT = 10,     // i
  CT_GENERATOR = 11,  // i is the handle
  CT_LIST = 12,       // n values follow; i is 1 for a list that may stand for no value
  CT_TUPLE = 13,      // n values follow, each after its name, a string, if i is 1
  CT_DICT = 14,       // n pairs follow, of a key and a value
};

// One node of a value. A value is a tree, written as its nodes in preorder.
typedef struct {
  int64_t kind;  // CT_*
  int64_t i;
  int64_t n;
  double x;
  double y;
} ct_cell;

// A result: the nodes of one value and the text of its strings. A value of one
// node is in one, and cells is NULL; cells and text are malloc'ed and freed by
// the receiver.
typedef struct {
  ct_cell one;
  ct_cell *cells;
  int64_t n;
  char *text;
  ct_err err;
} ct_value;

// What Go asks about a tensor, in one call.
typedef struct {
  int64_t size[16];
  int64_t dim;
  int64_t numel;
  int8_t dtype;
  int8_t device_type;
  int8_t device_index;
  bool requires_grad;
  bool is_leaf;
  bool contiguous;
  bool channels_last;
} ct_meta;

// The autocast setting of a thread for one type of device.
typedef struct {
  bool enabled;
  int8_t dtype;
} ct_autocast;

// Where the elements of a tensor lie in its storage.
typedef struct {
  uintptr_t storage;  // equal for tensors that share one
  int64_t bytes;      // size of the storage
  int64_t offset;     // of the first element, in elements
  int64_t stride[16];
  bool conj;
  bool neg;
} ct_layout;

#endif  // CT_TYPES_H
