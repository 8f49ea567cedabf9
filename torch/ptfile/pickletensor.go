package ptfile

import (
	"fmt"
	"strconv"
)

// NewStorage describes a storage of so many bytes for saving a tensor of the
// type. Types that PyTorch has no storage class for lie in untyped storages.
// The caller fills in Data.
func NewStorage(dtype DType, bytes int64) (*Storage, error) {
	e := elements[dtype]
	switch {
	case e.size == 0:
		return nil, fmt.Errorf("ptfile: the dtype %q is not known", string(dtype))
	case bytes < 0:
		return nil, fmt.Errorf("ptfile: a storage has %d bytes", bytes)
	case e.storage == "":
		return &Storage{DType: Uint8, Untyped: true, Numel: bytes}, nil
	}
	return &Storage{DType: dtype, Numel: bytes / e.size}, nil
}

// storage writes the persistent id of a storage.
func (p *pickler) storage(s *Storage) error {
	if int64(len(s.Data)) != s.Bytes() {
		return fmt.Errorf("ptfile: a storage of %d elements of %s has %d bytes of data instead of %d", s.Numel, s.DType, len(s.Data), s.Bytes())
	}
	n, ok := p.numbers[s]
	if !ok {
		n = len(p.storages)
		p.numbers[s] = n
		p.storages = append(p.storages, s)
	}
	location := s.Location
	if location == "" {
		location = "cpu"
	}
	p.op(opMark)
	if err := p.str("storage"); err != nil {
		return err
	}
	switch class := elements[s.DType].storage; {
	case s.Untyped:
		p.class("torch.storage", "UntypedStorage")
	case class == "":
		return fmt.Errorf("ptfile: PyTorch has no storage class for %q; use NewStorage", string(s.DType))
	default:
		p.class("torch", class)
	}
	if err := p.str(strconv.Itoa(n)); err != nil {
		return err
	}
	if err := p.str(location); err != nil {
		return err
	}
	p.int(s.Numel)
	p.op(opTuple, opBinPersID)
	return nil
}

// hooks writes the empty OrderedDict that stands for backward hooks.
func (p *pickler) hooks() {
	p.class("collections", "OrderedDict")
	p.op(opEmptyTuple, opReduce)
}

func (p *pickler) tensor(t *Tensor) error {
	if t.Storage == nil {
		return fmt.Errorf("ptfile: a tensor has no storage")
	}
	if err := t.check(); err != nil {
		return fmt.Errorf("ptfile: %w", err)
	}
	typed := elements[t.DType].storage != "" && !(t.Storage.Untyped && t.DType != Uint8)
	if typed && t.DType != t.Storage.DType {
		return fmt.Errorf("ptfile: a tensor of %s lies in a storage of %s", t.DType, t.Storage.DType)
	}
	if t.Parameter {
		p.class("torch._utils", "_rebuild_parameter")
	}
	if typed {
		p.class("torch._utils", "_rebuild_tensor_v2")
	} else {
		p.class("torch._utils", "_rebuild_tensor_v3")
	}
	p.op(opMark)
	if err := p.storage(t.Storage); err != nil {
		return err
	}
	p.int(t.Offset)
	p.sizes(t.Shape)
	p.sizes(t.Strides)
	p.bool(t.RequiresGrad && !t.Parameter)
	p.hooks()
	if !typed {
		p.class("torch", string(t.DType))
	}
	if t.Conj || t.Neg {
		metadata := &Dict{}
		if t.Conj {
			metadata.set("conj", "conj", true)
		}
		if t.Neg {
			metadata.set("neg", "neg", true)
		}
		if err := p.dict(metadata); err != nil {
			return err
		}
	}
	p.op(opTuple, opReduce)
	if t.Parameter {
		p.bool(t.RequiresGrad)
		p.hooks()
		p.op(opTuple3, opReduce)
	}
	return nil
}
