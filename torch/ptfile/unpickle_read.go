package ptfile

import (
	"encoding/binary"
	"math/big"
)

// integer reads an int in one of its forms.
func (u *unpickler) integer(op byte) error {
	var size int
	switch op {
	case opBinInt1:
		size = 1
	case opBinInt2:
		size = 2
	case opBinInt:
		size = 4
	case opLong1, opLong4:
		b, err := u.counted(op)
		if err != nil {
			return err
		}
		if len(b) > maxInt {
			return problemf("an int has %d bytes, more than the %d allowed", len(b), maxInt)
		}
		return u.push(decodeInt(b))
	}
	b, err := u.take(size)
	if err != nil {
		return err
	}
	var word [4]byte
	copy(word[:], b)
	n := binary.LittleEndian.Uint32(word[:])
	if op == opBinInt {
		return u.push(int64(int32(n)))
	}
	return u.push(int64(n))
}

// decodeInt reads a little-endian two's complement number.
func decodeInt(b []byte) Value {
	if len(b) <= 8 {
		var n int64
		for i, c := range b {
			n |= int64(c) << (8 * i)
		}
		if len(b) > 0 && len(b) < 8 && b[len(b)-1] >= 0x80 {
			n -= 1 << (8 * len(b))
		}
		return n
	}
	big1 := make([]byte, len(b))
	for i, c := range b {
		big1[len(b)-1-i] = c
	}
	n := new(big.Int).SetBytes(big1)
	if b[len(b)-1] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// byte reads one byte.
func (u *unpickler) byte() (byte, error) {
	b, err := u.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// take reads n bytes; they are a window into the pickle.
func (u *unpickler) take(n int) ([]byte, error) {
	if n > len(u.in)-u.at {
		return nil, problemf("the pickle ends in the middle of a value; the file may be truncated")
	}
	b := u.in[u.at : u.at+n]
	u.at += n
	return b, nil
}

// length reads a little-endian length of the given number of bytes.
func (u *unpickler) length(size int) (int, error) {
	b, err := u.take(size)
	if err != nil {
		return 0, err
	}
	var word [8]byte
	copy(word[:], b)
	n := binary.LittleEndian.Uint64(word[:])
	if n > uint64(len(u.in)) {
		return 0, problemf("a length of %d is more than the whole pickle has", n)
	}
	return int(n), nil
}

// counted reads the length that belongs to an opcode, and as many bytes.
func (u *unpickler) counted(op byte) ([]byte, error) {
	size := 4
	switch op {
	case opShortBinUnicode, opShortBinString, opShortBinBytes, opLong1:
		size = 1
	case opBinUnicode8, opBinBytes8, opByteArray8:
		size = 8
	}
	n, err := u.length(size)
	if err != nil {
		return nil, err
	}
	return u.take(n)
}

// line reads up to a newline.
func (u *unpickler) line() (string, error) {
	for i := u.at; i < len(u.in) && i-u.at <= maxName; i++ {
		if u.in[i] == '\n' {
			s := string(u.in[u.at:i])
			u.at = i + 1
			return s, nil
		}
	}
	return "", problemf("the name of a global has no end")
}

// count adds to the number of values made.
func (u *unpickler) count(n int) error {
	u.made += n
	if u.made > maxValues {
		return problemf("the pickle makes more than %d values", maxValues)
	}
	return nil
}

// charge takes bytes that are copied or hashed from the budget.
func (u *unpickler) charge(n int) error {
	u.budget -= n
	if u.budget < 0 {
		return problemf("the pickle copies the same values over and over")
	}
	return nil
}
