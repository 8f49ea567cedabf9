package ptfile

import "fmt"

// Bounds on what a file may ask for. They are far above what training programs
// write and far below what would exhaust a machine.
const (
	maxPickle = 256 << 20 // bytes of data.pkl
	maxValues = 16 << 20  // values that a pickle makes, and values of the finished tree when written out in full
	maxDepth  = 500       // nesting of values
	maxInt    = 1024      // bytes of one integer
	maxName   = 1024      // bytes of the name of a global
	maxStack  = 4 << 20   // values on the stack of the unpickler
)

// A FormatError says that a file is not one that PyTorch writes, or that it is
// damaged or hostile.
type FormatError struct {
	Path    string // the file, or "" for a reader
	Problem string // what is wrong and what to do, without a full stop
}

// Error returns one line: the file and the problem.
func (e *FormatError) Error() string {
	if e.Path == "" {
		return "ptfile: " + e.Problem
	}
	return "ptfile: " + e.Path + ": " + e.Problem
}

func problemf(format string, args ...any) *FormatError {
	return &FormatError{Problem: fmt.Sprintf(format, args...)}
}

// An UnknownGlobalError says that a file names a Python class or function that
// is not on the list of those that this package understands. [Options.Opaque]
// keeps such objects as [*Object].
type UnknownGlobalError struct {
	Path  string // the file, or ""
	Class Class
}

// Error names the global and says how to write a file without it.
func (e *UnknownGlobalError) Error() string {
	s := "ptfile: "
	if e.Path != "" {
		s += e.Path + ": "
	}
	s += fmt.Sprintf("the file holds an object of %s, which is not data", e.Class)
	if advice := advices[e.Class.Name]; advice != "" {
		return s + "; " + advice
	}
	return s + "; in Python, save only the weights: torch.save(model.state_dict(), path)"
}

// advices tells what to do in Python instead, where that is not the usual.
var advices = map[string]string{
	"_rebuild_sparse_tensor":                 "in Python, call to_dense() on sparse tensors before torch.save",
	"_rebuild_qtensor":                       "in Python, call dequantize() on quantized tensors before torch.save",
	"_rebuild_nested_tensor":                 "in Python, save the parts of nested tensors (unbind()) one by one",
	"_rebuild_meta_tensor_no_storage":        "it is a tensor on the meta device, which has no elements; in Python, save the model after its weights were loaded",
	"_reconstruct":                           "in Python, turn numpy arrays into tensors with torch.from_numpy before torch.save",
	"_rebuild_device_tensor_from_numpy":      "in Python, move the tensors to the CPU before torch.save",
	"_rebuild_device_tensor_from_cpu_tensor": "in Python, move the tensors to the CPU before torch.save",
}
