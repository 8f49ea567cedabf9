package format

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// number pushes a number, written as text or as bytes.
func (p *pickle) number(op byte) error {
	if op == 'I' || op == 'L' || op == 'F' {
		s, err := p.line()
		if err != nil {
			return err
		}
		if op == 'F' {
			f, err := strconv.ParseFloat(s, 64)
			p.push(f)
			return err
		}
		if op == 'I' && (s == "00" || s == "01") {
			p.push(s == "01")
			return nil
		}
		if op == 'L' && len(s) > 0 && s[len(s)-1] == 'L' {
			s = s[:len(s)-1]
		}
		n, err := strconv.ParseInt(s, 10, 64)
		p.push(n)
		return err
	}
	size := map[byte]int{'K': 1, 'M': 2, 'J': 4, 'G': 8, 0x8a: 1}[op]
	b, err := p.take(size)
	if err != nil {
		return err
	}
	switch op {
	case 'K', 'M':
		p.push(int64(littleEndian(b)))
	case 'J':
		p.push(int64(int32(littleEndian(b))))
	case 'G':
		p.push(math.Float64frombits(bits.ReverseBytes64(littleEndian(b))))
	case 0x8a:
		n := int(b[0])
		if n > 8 {
			return fmt.Errorf("a whole number of %d bytes is too large", n)
		}
		if b, err = p.take(n); err != nil {
			return err
		}
		unused := 64 - 8*n
		p.push(int64(littleEndian(b)<<unused) >> unused)
	}
	return nil
}

// littleEndian returns the number of at most eight bytes, the lowest first.
func littleEndian(b string) (n uint64) {
	for i := range len(b) {
		n |= uint64(b[i]) << (8 * i)
	}
	return n
}

// text pushes text or bytes.
func (p *pickle) text(op byte) error {
	if op == 'S' || op == 'V' {
		s, err := p.line()
		if err != nil {
			return err
		}
		if op == 'S' {
			s, err = unquote(s)
		}
		p.push(s)
		return err
	}
	size := 4
	switch op {
	case 'U', 'C', 0x8c:
		size = 1
	case 0x8d, 0x8e:
		size = 8
	}
	b, err := p.take(size)
	if err != nil {
		return err
	}
	n := littleEndian(b)
	if n > uint64(len(p.in)) {
		return fmt.Errorf("a text of %d bytes is longer than the file", n)
	}
	b, err = p.take(int(n))
	p.push(b)
	return err
}

// unquote undoes Python's repr of a string.
func unquote(s string) (string, error) {
	n := len(s)
	if n < 2 || s[0] != s[n-1] || s[0] != '\'' && s[0] != '"' {
		return "", fmt.Errorf("a text without quotes")
	}
	var out []byte
	for body := s[1 : n-1]; body != ""; {
		c, _, rest, err := strconv.UnquoteChar(body, 0)
		if err != nil {
			if len(body) < 2 || body[0] != '\\' || body[1] != '\'' && body[1] != '"' {
				return "", fmt.Errorf("a text with a wrong escape")
			}
			c, rest = rune(body[1]), body[2:]
		}
		if len(body) > 0 && body[0] != '\\' { // bytes stay as they are, whatever they encode
			out, body = append(out, body[0]), body[1:]
			continue
		}
		if c > 255 {
			return "", fmt.Errorf("a text with a wrong escape")
		}
		out, body = append(out, byte(c)), rest
	}
	return string(out), nil
}
