package ptfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pickler writes a tree with the opcodes of protocol 2 that the restricted
// unpickler of torch.load(weights_only=True) takes.
type pickler struct {
	out      []byte
	memo     map[any]uint32 // what was memorized: strings, classes, pointers
	storages []*Storage     // in the order of their records
	numbers  map[*Storage]int
}

// pickle returns the pickle of a tree and the storages of its tensors.
func pickle(root Value) ([]byte, []*Storage, error) {
	if err := checkTree(root); err != nil {
		return nil, nil, err
	}
	p := &pickler{memo: map[any]uint32{}, numbers: map[*Storage]int{}}
	p.op(opProto, 2)
	if err := p.value(root); err != nil {
		return nil, nil, err
	}
	p.op(opStop)
	return p.out, p.storages, nil
}

func (p *pickler) op(b ...byte) { p.out = append(p.out, b...) }

// remembered writes a reference to a value that was written before.
func (p *pickler) remembered(id any) bool {
	n, ok := p.memo[id]
	switch {
	case !ok:
		return false
	case n < 256:
		p.op(opBinGet, byte(n))
	default:
		p.op(opLongBinGet)
		p.out = binary.LittleEndian.AppendUint32(p.out, n)
	}
	return true
}

// memorize makes the value that was written last known as id.
func (p *pickler) memorize(id any) {
	n := uint32(len(p.memo))
	p.memo[id] = n
	if n < 256 {
		p.op(opBinPut, byte(n))
		return
	}
	p.op(opLongBinPut)
	p.out = binary.LittleEndian.AppendUint32(p.out, n)
}

func (p *pickler) value(v Value) error {
	switch v := v.(type) {
	case nil:
		p.op(opNone)
	case bool:
		p.bool(v)
	case int:
		p.int(int64(v))
	case int64:
		p.int(v)
	case *big.Int:
		return p.bigInt(v)
	case float64:
		p.float(v)
	case complex128:
		p.class("__builtin__", "complex")
		p.float(real(v))
		p.float(imag(v))
		p.op(opTuple2, opReduce)
	case string:
		return p.str(v)
	case []byte:
		return p.bytes(v)
	case Tuple:
		return p.tuple(v)
	case Size:
		p.class("torch", "Size")
		p.sizes(v)
		p.op(opTuple1, opReduce)
	case DType:
		if elements[v].size == 0 {
			return fmt.Errorf("ptfile: the dtype %q is not known", string(v))
		}
		p.class("torch", string(v))
	case Device:
		return p.device(v)
	case *List:
		if p.remembered(v) {
			return nil
		}
		p.op(opEmptyList)
		p.memorize(v)
		return p.appends(v.Items)
	case *Set:
		if p.remembered(v) {
			return nil
		}
		p.class("__builtin__", "set")
		p.op(opEmptyList)
		if err := p.appends(v.Items); err != nil {
			return err
		}
		p.op(opTuple1, opReduce)
		p.memorize(v)
	case *Dict:
		return p.dict(v)
	case *Tensor:
		if p.remembered(v) {
			return nil
		}
		if err := p.tensor(v); err != nil {
			return err
		}
		p.memorize(v)
	case *Storage:
		return p.storage(v)
	case *Object:
		return fmt.Errorf("ptfile: an object of %s cannot be written, since only its Python class could read it; write its attributes as a Dict", v.Class())
	default:
		return fmt.Errorf("ptfile: %s cannot be written to a PyTorch file", describe(v))
	}
	return nil
}

func (p *pickler) bool(on bool) {
	if on {
		p.op(opNewTrue)
	} else {
		p.op(opNewFalse)
	}
}

func (p *pickler) int(n int64) {
	switch {
	case 0 <= n && n < 1<<8:
		p.op(opBinInt1, byte(n))
	case 0 <= n && n < 1<<16:
		p.op(opBinInt2, byte(n), byte(n>>8))
	case math.MinInt32 <= n && n <= math.MaxInt32:
		p.op(opBinInt)
		p.out = binary.LittleEndian.AppendUint32(p.out, uint32(n))
	default:
		p.op(opLong1, 8)
		p.out = binary.LittleEndian.AppendUint64(p.out, uint64(n))
	}
}

func (p *pickler) bigInt(n *big.Int) error {
	if n.IsInt64() {
		p.int(n.Int64())
		return nil
	}
	size := n.BitLen()/8 + 1 // with room for the sign
	if size > 255 {
		return fmt.Errorf("ptfile: an int of %d bytes is longer than the 255 that torch.load takes", size)
	}
	m := n
	if n.Sign() < 0 {
		m = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	b := m.FillBytes(make([]byte, size))
	p.op(opLong1, byte(size))
	for i := range b {
		p.op(b[size-1-i])
	}
	return nil
}

func (p *pickler) float(x float64) {
	p.op(opBinFloat)
	p.out = binary.BigEndian.AppendUint64(p.out, math.Float64bits(x))
}

func (p *pickler) str(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("ptfile: the string %.40q is not UTF-8", s)
	}
	if len(s) > math.MaxInt32 {
		return fmt.Errorf("ptfile: a string of %d bytes is too long", len(s))
	}
	if p.remembered(s) {
		return nil
	}
	p.op(opBinUnicode)
	p.out = binary.LittleEndian.AppendUint32(p.out, uint32(len(s)))
	p.out = append(p.out, s...)
	p.memorize(s)
	return nil
}

// bytes writes what has no opcode in protocol 2: a call that makes bytes from a
// str with one character for each.
func (p *pickler) bytes(b []byte) error {
	p.class("_codecs", "encode")
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	if err := p.str(string(runes)); err != nil {
		return err
	}
	if err := p.str("latin1"); err != nil {
		return err
	}
	p.op(opTuple2, opReduce)
	return nil
}

// class writes the name of a class or function.
func (p *pickler) class(module, name string) {
	c := Class{module, name}
	if p.remembered(c) {
		return
	}
	p.op(opGlobal)
	p.out = append(p.out, module+"\n"+name+"\n"...)
	p.memorize(c)
}

func (p *pickler) device(d Device) error {
	kind, index, numbered := strings.Cut(string(d), ":")
	p.class("torch", "device")
	if err := p.str(kind); err != nil {
		return err
	}
	if !numbered {
		p.op(opTuple1, opReduce)
		return nil
	}
	n, err := strconv.ParseUint(index, 10, 31)
	if err != nil {
		return fmt.Errorf("ptfile: %q is not the name of a device", string(d))
	}
	p.int(int64(n))
	p.op(opTuple2, opReduce)
	return nil
}

func (p *pickler) tuple(items Tuple) error {
	if len(items) == 0 {
		p.op(opEmptyTuple)
		return nil
	}
	if len(items) > 3 {
		p.op(opMark)
	}
	for _, item := range items {
		if err := p.value(item); err != nil {
			return err
		}
	}
	p.op([]byte{opTuple1, opTuple2, opTuple3, opTuple}[min(len(items), 4)-1])
	return nil
}

func (p *pickler) sizes(sizes []int64) {
	t := make(Tuple, len(sizes))
	for i, n := range sizes {
		t[i] = n
	}
	p.tuple(t) // ints cannot fail
}

// batch is how many items Python adds to a list or dict at once.
const batch = 1000

func (p *pickler) appends(items []Value) error {
	for len(items) > 0 {
		n := min(len(items), batch)
		p.op(opMark)
		for _, item := range items[:n] {
			if err := p.value(item); err != nil {
				return err
			}
		}
		p.op(opAppends)
		items = items[n:]
	}
	return nil
}

func (p *pickler) setItems(entries []entry) error {
	for len(entries) > 0 {
		n := min(len(entries), batch)
		p.op(opMark)
		for _, e := range entries[:n] {
			if err := p.value(e.key); err != nil {
				return err
			}
			if err := p.value(e.value); err != nil {
				return fmt.Errorf("entry %v: %w", e.key, err)
			}
		}
		p.op(opSetItems)
		entries = entries[n:]
	}
	return nil
}

func (p *pickler) dict(d *Dict) error {
	if p.remembered(d) {
		return nil
	}
	switch d.Kind {
	case OrderedDict:
		p.class("collections", "OrderedDict")
		p.op(opEmptyTuple, opReduce)
		p.memorize(d)
	case Counter:
		p.class("collections", "Counter")
		p.op(opEmptyDict)
		if err := p.setItems(d.entries); err != nil {
			return err
		}
		p.op(opTuple1, opReduce)
		p.memorize(d)
		return nil
	default:
		p.op(opEmptyDict)
		p.memorize(d)
	}
	if err := p.setItems(d.entries); err != nil {
		return err
	}
	if d.Kind == OrderedDict && d.Attrs != nil {
		if err := p.dict(d.Attrs); err != nil {
			return err
		}
		p.op(opBuild)
	}
	return nil
}
