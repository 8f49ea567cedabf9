// Package ptfile reads and writes the .pt and .pth files of PyTorch in pure Go,
// without running anything that they contain.
//
// A file of torch.save is a zip archive: data.pkl describes a Python value as a
// pickle, and one record for each storage holds the elements of its tensors.
// [Open] reads the description and hands out a tree of Go values; elements of
// tensors stay in the file until [File.ReadStorage] fetches them:
//
//	f, err := ptfile.Open("resnet18.pth", ptfile.Options{})
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	for name, v := range f.Root.(*ptfile.Dict).All() {
//		t := v.(*ptfile.Tensor)
//		fmt.Println(name, t.DType, t.Shape)
//	}
//
// Programs that compute with tensors call torch.LoadPT and torch.SavePT, which
// build on this package.
//
// # Values
//
// A [Value] is one of a few Go types, each for one Python type: int64, float64,
// string, [*List], [Tuple], [*Dict] and so on. A [*Dict] keeps its order and
// takes any key, as the state of an optimizer needs, whose keys are ints.
// Lists, dicts and tensors that Python shared are shared here.
//
// A [*Tensor] is a window into a [*Storage]: dtype, shape, strides and offset.
// It may be a transposed or expanded view, and several may lie in one storage,
// as tied weights do. The dtypes are all of PyTorch's that have a fixed size,
// 16- to 64-bit unsigned integers, complex numbers and 8-bit floats among them.
// Attributes that a program gave to a tensor are left out, and so are hooks.
//
// # Security
//
// Python's pickle is a program for a small stack machine that can import any
// function and call it, which makes the file of a stranger as dangerous as his
// program. Here the machine can only build data:
//
//   - A name of a Python class or function is compared with a fixed list, which
//     is that of torch.load(weights_only=True) without sparse, quantized and
//     nested tensors, and with numpy's numbers and argparse.Namespace. What the
//     few functions on it do is written in this package. Every other name is an
//     [*UnknownGlobalError], or, with [Options] Opaque, a name that is kept: an
//     [*Object] records what Python would have called, and nothing is called.
//   - Names of records are compared with those that the pickle mentions. None
//     is ever used as a path, and nothing is written.
//   - Records are stored as they are, never compressed, do not overlap and lie
//     inside the file, so that all storages together are never larger than the
//     file itself. An archive with two records of one name is refused.
//   - A pickle has up to 256 MiB and makes up to 16 Mi values. Memory for them
//     is at most some 150 times the bytes of the pickle, whatever lengths it
//     announces. Copying one long value many times is stopped by a budget.
//   - The finished tree is at most 500 levels deep, holds itself nowhere, and
//     has at most 16 Mi values even if shared ones count each time. A recursive
//     walk over it ends soon.
//   - Every index of a tensor lies inside its storage; products that overflow
//     are refused. Strides of 0 are allowed, so that a small file can describe
//     a view of very many elements: look at [Tensor.Numel] before copying it.
//
// What this does not do is judge the values: NaNs, wrong weights and a bool of
// 2 pass. Records with a checksum are compared with it.
//
// # What is refused
//
// Files of PyTorch before 1.6 and TorchScript archives are recognized, and the
// error says what to do instead. Opcodes that only protocols 0 and 1 of pickle
// have are not read. Every error is a [*FormatError] or [*UnknownGlobalError]
// with the name of the file, or one of the operating system.
//
// # Writing
//
// [Save] and [Write] use only what torch.load(weights_only=True) takes, which
// is the default of torch.load since PyTorch 2.6. Storages are aligned to 64
// bytes, so that mmap=True works. The bytes depend on nothing but the values.
//
// Two types do not come back as they were: a frozenset is written as a set, and
// a bytearray as bytes.
package ptfile
