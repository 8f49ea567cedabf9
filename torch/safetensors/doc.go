// Package safetensors reads and writes the safetensors file format in pure Go.
//
// The format holds named arrays of numbers and nothing that could run, so that
// a file from a stranger is safe to open. It is the native format of this
// module; PyTorch, JAX, TensorFlow and others read and write it too.
//
// # The format
//
// A file has three parts, one behind the other:
//
//	8 bytes   N, the length of the header, unsigned, little-endian
//	N bytes   the header, a JSON object in UTF-8, padded with spaces
//	the rest  the elements of all tensors, row-major, little-endian
//
// The header maps each tensor's name to its element type, its shape and the
// two offsets between which its bytes lie, counted from the end of the header:
//
//	{"__metadata__":{"epoch":"3"},"bias":{"dtype":"F32","shape":[10],"data_offsets":[0,40]}}
//
// The key __metadata__ is optional and maps strings to strings. A shape of []
// is one number; a shape with a 0 in it is an empty tensor, which has no bytes.
// Elements smaller than a byte lie packed, and a tensor of them fills its last
// byte.
//
// # Reading
//
// [Open] maps a file into memory and checks its whole header, so that it takes
// as long for a gigabyte as for a kilobyte, and hands back a [File]:
//
//	f, err := safetensors.Open("model.safetensors")
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	info, data, err := f.Tensor("bias")
//
// The bytes are a window into the map and are read from disk when they are
// first touched. They are gone once the file is closed: see [Open] for what
// that asks of the caller. [Parse] and [Read] do the same for bytes in memory
// and for any io.ReaderAt, with memory that the garbage collector looks after.
//
// Large models come in several files with an index; [OpenSharded] opens the
// index and hands out the tensors of all files as if they were one.
//
// # Writing
//
// [Write] writes to any io.Writer and hands each tensor's bytes on as they
// are, without a copy. [Save] writes a file that appears complete or not at
// all. Both put the tensors in the order of the reference implementation
// (element types by falling alignment, then by name), so that every tensor
// starts at a multiple of its element size and the same tensors give the same
// bytes, whatever order they came in.
//
// # What is refused
//
// Everything the reference implementation refuses is refused here: a header
// longer than 100 MB or than the file, offsets outside the data, tensors that
// overlap or leave holes, bytes behind the last tensor, a size that is not the
// product of the shape and the element size, products that overflow. On top of
// that, what the format's description forbids but lenient JSON readers let
// pass is an error: a name given twice, a header that does not start with '{',
// a field that the format does not define. Every such error is a
// [*FormatError], which names the file, the tensor and what is wrong.
//
// The values are not looked at: a NaN is no error, and neither is a BOOL of 2.
package safetensors
