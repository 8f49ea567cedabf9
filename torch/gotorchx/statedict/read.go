package statedict

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"

	"sslmem/torch/ptfile"
)

// A Tensor is one tensor of a checkpoint.
type Tensor struct {
	Name  string // as PyTorch would spell it
	Key   string // as gotorch spells it
	DType ptfile.DType
	Shape []int64 // empty for a scalar
	Data  []byte  // its elements, row-major and little-endian
}

// A StateDict holds the tensors of a checkpoint, sorted by name.
type StateDict []Tensor

// archive takes the bytes of a gotorch tensor out of a gob.
type archive []byte

// GobDecode implements [gob.GobDecoder].
func (a *archive) GobDecode(b []byte) error {
	*a = bytes.Clone(b)
	return nil
}

// Open reads the checkpoint at path; see [Read].
func Open(path string) (StateDict, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("statedict: %w", err)
	}
	defer f.Close()
	d, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Read reads a checkpoint that gotorch wrote. It is an error if r holds anything
// else, or more, or if two tensors would have one name. All of it is read into
// memory, about twice.
func Read(r io.Reader) (StateDict, error) {
	decoder := gob.NewDecoder(r)
	var archives map[string]archive
	if err := decoder.Decode(&archives); err != nil {
		return nil, fmt.Errorf("statedict: this is no checkpoint of gotorch, which is a gob of its StateDict(): %w", err)
	}
	if err := decoder.DecodeValue(reflect.Value{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("statedict: there is something behind the StateDict(); save the parts in files of their own")
	}
	if len(archives) == 0 {
		return nil, fmt.Errorf("statedict: the checkpoint holds no tensors")
	}
	d := make(StateDict, 0, len(archives))
	for key, a := range archives {
		t, err := a.tensor()
		if err != nil {
			return nil, fmt.Errorf("statedict: the tensor %q: %w", key, err)
		}
		t.Key, t.Name = key, PyTorchName(key)
		d = append(d, t)
	}
	return d, d.settle()
}

// settle sorts by name and refuses names that come twice.
func (d StateDict) settle() error {
	slices.SortFunc(d, func(a, b Tensor) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	for i := 1; i < len(d); i++ {
		if d[i].Name == d[i-1].Name {
			return fmt.Errorf("statedict: %q and %q would both be called %s", d[i-1].Key, d[i].Key, d[i].Name)
		}
	}
	return nil
}

// Rename changes the names of the tensors, such as by [ResNetName]. It is an
// error if two tensors would have one name.
func (d StateDict) Rename(name func(string) string) error {
	for i := range d {
		d[i].Name = name(d[i].Name)
	}
	return d.settle()
}

// tensor reads the archive of one tensor.
func (a archive) tensor() (Tensor, error) {
	f, err := ptfile.Read(bytes.NewReader(a), int64(len(a)), ptfile.Options{})
	if err != nil {
		return Tensor{}, err
	}
	t, ok := f.Root.(*ptfile.Tensor)
	if !ok {
		return Tensor{}, fmt.Errorf("the archive holds a %T instead of a tensor", f.Root)
	}
	memory := make([]byte, t.Storage.Bytes())
	if err := f.ReadStorage(t.Storage, memory); err != nil {
		return Tensor{}, err
	}
	data, err := rowMajor(t, memory)
	return Tensor{DType: t.DType, Shape: t.Shape, Data: data}, err
}

// rowMajor gathers the elements of t from its memory.
func rowMajor(t *ptfile.Tensor, memory []byte) ([]byte, error) {
	if t.Conj || t.Neg {
		return nil, fmt.Errorf("the elements are conjugated or negated when they are read, which gotorch never does")
	}
	size := int64(t.DType.Size())
	n := t.Numel()
	if n*size > int64(len(memory)) { // strides of 0 repeat elements; gotorch's own tensors have none
		return nil, fmt.Errorf("the tensor has %d elements in %d bytes", n, len(memory))
	}
	out := make([]byte, 0, n*size)
	index := make([]int64, len(t.Shape))
	for range n {
		at := t.Offset
		for d, i := range index {
			at += i * t.Strides[d]
		}
		out = append(out, memory[at*size:(at+1)*size]...)
		for d := len(index) - 1; d >= 0; d-- {
			if index[d]++; index[d] < t.Shape[d] {
				break
			}
			index[d] = 0
		}
	}
	return out, nil
}
