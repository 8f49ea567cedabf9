package ptfile

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// unpickler is the stack machine of Python's pickle module, without the part
// that imports and calls. The stack holds nothing but Values.
type unpickler struct {
	in       []byte
	at       int // position of the next byte
	opts     Options
	stack    []Value
	marks    []int // heights of the stack at the open marks
	memo     map[uint32]Value
	storages map[string]*Storage
	order    []*Storage // storages as they are met
	made     int        // values pushed and memorized
	budget   int        // bytes that may still be copied or hashed
}

// unpickle runs a whole pickle.
func unpickle(in []byte, opts Options) (root Value, storages []*Storage, err error) {
	u := &unpickler{in: in, opts: opts, memo: map[uint32]Value{}, storages: map[string]*Storage{}}
	u.budget = 64<<20 + 8*len(in)
	for {
		start := u.at
		op, err := u.byte()
		if err != nil {
			return nil, nil, err
		}
		if op == opStop {
			break
		}
		if err := u.step(op); err != nil {
			return nil, nil, atByte(err, start)
		}
	}
	root, err = u.pop()
	if err == nil && (len(u.stack) > 0 || len(u.marks) > 0) {
		err = problemf("the pickle ends with %d values too many", len(u.stack))
	}
	if err != nil {
		return nil, nil, atByte(err, u.at-1)
	}
	if err := checkTree(root); err != nil {
		return nil, nil, err
	}
	return root, u.order, nil
}

// atByte adds the position in the pickle to a FormatError.
func atByte(err error, at int) error {
	if f, ok := err.(*FormatError); ok {
		return problemf("%s (byte %d of the pickle)", f.Problem, at)
	}
	return err
}

// The opcodes that pickle's protocols 2 to 5 write, and the two binary string
// opcodes of Python 2. Those that only older protocols have are not read.
const (
	opMark           = '('
	opStop           = '.'
	opPop            = '0'
	opPopMark        = '1'
	opBinFloat       = 'G'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opBinInt2        = 'M'
	opNone           = 'N'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opBinString      = 'T'
	opShortBinString = 'U'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opEmptyDict      = '}'
	opAppends        = 'e'
	opBinGet         = 'h'
	opLongBinGet     = 'j'
	opEmptyList      = ']'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opEmptyTuple     = ')'
	opSetItems       = 'u'

	// Protocol 2.
	opProto    = 0x80
	opNewObj   = 0x81
	opTuple1   = 0x85
	opTuple2   = 0x86
	opTuple3   = 0x87
	opNewTrue  = 0x88
	opNewFalse = 0x89
	opLong1    = 0x8a
	opLong4    = 0x8b

	// Protocol 3.
	opBinBytes      = 'B'
	opShortBinBytes = 'C'

	// Protocol 4.
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95

	// Protocol 5.
	opByteArray8 = 0x96
)

// step executes one opcode whose own byte was read.
func (u *unpickler) step(op byte) error {
	switch op {
	case opProto:
		n, err := u.byte()
		if err == nil && (n < 2 || n > 5) {
			err = problemf("the pickle has protocol %d, but PyTorch writes 2 to 5", n)
		}
		return err
	case opFrame:
		n, err := u.length(8)
		if err == nil && n > len(u.in)-u.at {
			err = problemf("a frame of %d bytes reaches past the end of the pickle", n)
		}
		return err
	case opMark:
		if len(u.marks) >= maxStack {
			return problemf("the pickle has more than %d open marks", maxStack)
		}
		u.marks = append(u.marks, len(u.stack))
		return u.count(1)
	case opPop:
		if n := len(u.marks); n > 0 && u.marks[n-1] == len(u.stack) {
			u.marks = u.marks[:n-1]
			return nil
		}
		_, err := u.pop()
		return err
	case opPopMark:
		_, err := u.popMark()
		return err

	case opNone:
		return u.push(nil)
	case opNewTrue:
		return u.push(true)
	case opNewFalse:
		return u.push(false)
	case opBinInt1, opBinInt2, opBinInt, opLong1, opLong4:
		return u.integer(op)
	case opBinFloat:
		b, err := u.take(8)
		if err != nil {
			return err
		}
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case opBinUnicode, opShortBinUnicode, opBinUnicode8:
		b, err := u.counted(op)
		if err != nil {
			return err
		}
		if !utf8.Valid(b) {
			return problemf("a str is not UTF-8")
		}
		return u.push(string(b))
	case opBinString, opShortBinString: // a str of Python 2, which knows no encoding
		b, err := u.counted(op)
		if err != nil {
			return err
		}
		if utf8.Valid(b) {
			return u.push(string(b))
		}
		return u.push(append([]byte{}, b...))
	case opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		b, err := u.counted(op)
		if err != nil {
			return err
		}
		return u.push(append([]byte{}, b...))

	case opEmptyTuple:
		return u.push(Tuple{})
	case opTuple1:
		return u.tuple(1)
	case opTuple2:
		return u.tuple(2)
	case opTuple3:
		return u.tuple(3)
	case opTuple:
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.push(Tuple(items))
	case opEmptyList:
		return u.push(&List{})
	case opEmptyDict:
		return u.push(&Dict{})
	case opEmptySet:
		return u.push(&Set{})
	case opAppend:
		item, err := u.pop()
		if err != nil {
			return err
		}
		return u.extend(item)
	case opAppends:
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.extend(items...)
	case opSetItem:
		value, err := u.pop()
		if err != nil {
			return err
		}
		key, err := u.pop()
		if err != nil {
			return err
		}
		return u.setItems(key, value)
	case opSetItems:
		pairs, err := u.popMark()
		if err != nil {
			return err
		}
		return u.setItems(pairs...)
	case opAddItems:
		items, err := u.popMark()
		if err != nil {
			return err
		}
		set, ok := u.top().(*Set)
		if !ok {
			return problemf("ADDITEMS to %s instead of a set", describe(u.top()))
		}
		return u.addTo(set, items)
	case opFrozenSet:
		items, err := u.popMark()
		if err != nil {
			return err
		}
		set := &Set{}
		if err := u.addTo(set, items); err != nil {
			return err
		}
		return u.push(set)

	case opBinPut:
		n, err := u.byte()
		if err != nil {
			return err
		}
		return u.put(uint32(n))
	case opLongBinPut:
		b, err := u.take(4)
		if err != nil {
			return err
		}
		return u.put(binary.LittleEndian.Uint32(b))
	case opMemoize:
		return u.put(uint32(len(u.memo)))
	case opBinGet:
		n, err := u.byte()
		if err != nil {
			return err
		}
		return u.get(uint32(n))
	case opLongBinGet:
		b, err := u.take(4)
		if err != nil {
			return err
		}
		return u.get(binary.LittleEndian.Uint32(b))

	case opGlobal:
		module, err := u.line()
		if err != nil {
			return err
		}
		name, err := u.line()
		if err != nil {
			return err
		}
		return u.global(module, name)
	case opStackGlobal:
		name, err := u.pop()
		if err != nil {
			return err
		}
		module, err := u.pop()
		if err != nil {
			return err
		}
		m, ok1 := module.(string)
		n, ok2 := name.(string)
		if !ok1 || !ok2 {
			return problemf("STACK_GLOBAL takes two strs, not %s and %s", describe(module), describe(name))
		}
		return u.global(m, n)
	case opReduce, opNewObj:
		args, err := u.popTuple()
		if err != nil {
			return err
		}
		return u.make(args, nil)
	case opNewObjEx:
		named, err := u.pop()
		if err != nil {
			return err
		}
		kwargs, ok := named.(*Dict)
		if !ok {
			return problemf("NEWOBJ_EX takes a dict of arguments, not %s", describe(named))
		}
		args, err := u.popTuple()
		if err != nil {
			return err
		}
		return u.make(args, kwargs)
	case opBuild:
		state, err := u.pop()
		if err != nil {
			return err
		}
		return u.build(state)
	case opBinPersID:
		id, err := u.pop()
		if err != nil {
			return err
		}
		return u.persistent(id)
	}
	return problemf("the opcode 0x%02x is not one that PyTorch writes", op)
}
