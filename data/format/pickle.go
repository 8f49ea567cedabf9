package format

import (
	"fmt"
	"strconv"
	"strings"
)

// The values of a pickle are int64, float64, bool, nil, string (for text and
// for bytes), [Tuple], *[List], *[Dict] and *[Array].
type (
	// Tuple is a tuple of Python.
	Tuple []any
	// List is a list of Python.
	List struct{ Items []any }
	// Dict is a dict of Python. Keys that are no text are left out.
	Dict struct{ Items map[string]any }
)

// global is a name that a pickle refers to; known are all that it may.
type global string

var known = map[global]bool{
	"numpy.core.multiarray._reconstruct":  true,
	"numpy._core.multiarray._reconstruct": true,
	"numpy.ndarray":                       true,
	"numpy.dtype":                         true,
	"_codecs.encode":                      true,
}

// mark separates values on the stack.
type mark struct{}

// pickle is a machine that reads one pickle.
type pickle struct {
	in    string
	at    int
	stack []any
	memo  map[int]any
}

// ReadPickle returns the value of a pickle of protocol 0 to 5; file is for
// errors. The strings of Python 2, text and bytes all become Go strings.
// Whatever could run code is refused: the only names that a pickle may refer
// to are those of which NumPy makes arrays, and text that stands for bytes.
func ReadPickle(file string, content []byte) (any, error) {
	p := &pickle{in: string(content), memo: map[int]any{}} // one copy, of which every text is a part
	for {
		start := p.at
		done, err := p.step()
		if err != nil {
			return nil, &Error{File: file, Offset: int64(start), Msg: "damaged pickle", Err: err}
		}
		if done {
			return p.stack[0], nil
		}
	}
}

// step takes one instruction and reports whether it was the last.
func (p *pickle) step() (done bool, err error) {
	op, err := p.take(1)
	if err != nil {
		return false, err
	}
	switch op[0] {
	case '.':
		if n := len(p.stack); n != 1 {
			return false, fmt.Errorf("it ends with %d values instead of one", n)
		}
		if p.stack[0] == (any)(mark{}) {
			return false, fmt.Errorf("it ends with 0 values instead of one")
		}
		return true, nil
	case 0x80: // PROTO
		b, err := p.take(1)
		if err == nil && b[0] > 5 {
			err = fmt.Errorf("protocol %d is not known", b[0])
		}
		return false, err
	case 0x95: // FRAME
		_, err := p.take(8)
		return false, err
	case '(':
		p.push(mark{})
	case 'N':
		p.push(nil)
	case 0x88, 0x89:
		p.push(op[0] == 0x88)
	case ']':
		p.push(&List{})
	case '}':
		p.push(&Dict{Items: map[string]any{}})
	case ')':
		p.push(Tuple{})
	case '0':
		_, err := p.pop(1)
		return false, err
	default:
		return false, p.more(op[0])
	}
	return false, nil
}

// more takes the instructions that have operands or work on the stack.
func (p *pickle) more(op byte) error {
	switch op {
	case 'K', 'M', 'J', 0x8a, 'I', 'L', 'F', 'G':
		return p.number(op)
	case 'U', 'C', 0x8c, 'T', 'B', 'X', 0x8e, 0x8d, 'S', 'V':
		return p.text(op)
	case 'q', 'r', 0x94, 'p', 'h', 'j', 'g':
		return p.memory(op)
	case 't', 0x85, 0x86, 0x87, 'l', 'd', 'a', 'e', 's', 'u':
		return p.container(op)
	case 'c', 0x93:
		return p.global(op)
	case 'R', 'b':
		return p.build(op)
	}
	return fmt.Errorf("instruction %#02x is not allowed here: a data set is made of plain values and arrays", op)
}

// take returns the next n bytes.
func (p *pickle) take(n int) (string, error) {
	if n < 0 || n > len(p.in)-p.at {
		return "", fmt.Errorf("it is truncated, %d more bytes were expected", n-(len(p.in)-p.at))
	}
	b := p.in[p.at : p.at+n]
	p.at += n
	return b, nil
}

// line returns the text up to the next end of line.
func (p *pickle) line() (string, error) {
	i := strings.IndexByte(p.in[p.at:], '\n')
	if i < 0 {
		return "", fmt.Errorf("it is truncated within a line")
	}
	b, err := p.take(i + 1)
	return b[:i], err
}

// push puts a value on the stack.
func (p *pickle) push(v any) { p.stack = append(p.stack, v) }

// pop takes n values, none of them a mark.
func (p *pickle) pop(n int) ([]any, error) {
	if n > len(p.stack) {
		return nil, fmt.Errorf("an instruction needs %d values but there are %d", n, len(p.stack))
	}
	out := p.stack[len(p.stack)-n:]
	for _, v := range out {
		if v == (any)(mark{}) {
			return nil, fmt.Errorf("an instruction needs a value but there is a mark")
		}
	}
	p.stack = p.stack[:len(p.stack)-n]
	return out, nil
}

// popMark takes the values down to the last mark, and the mark.
func (p *pickle) popMark() ([]any, error) {
	for i := len(p.stack) - 1; i >= 0; i-- {
		if p.stack[i] == (any)(mark{}) {
			out := p.stack[i+1:]
			p.stack = p.stack[:i]
			return out, nil
		}
	}
	return nil, fmt.Errorf("an instruction needs a mark but there is none")
}

// memory remembers a value, or pushes one that was remembered.
func (p *pickle) memory(op byte) error {
	var key int
	switch op {
	case 0x94:
		key = len(p.memo)
	case 'p', 'g':
		s, err := p.line()
		if err != nil {
			return err
		}
		if key, err = strconv.Atoi(s); err != nil {
			return err
		}
	case 'q', 'h':
		b, err := p.take(1)
		if err != nil {
			return err
		}
		key = int(b[0])
	default:
		b, err := p.take(4)
		if err != nil {
			return err
		}
		key = int(littleEndian(b))
	}
	if op == 'h' || op == 'j' || op == 'g' {
		v, ok := p.memo[key]
		if !ok {
			return fmt.Errorf("nothing is remembered as %d", key)
		}
		p.push(v)
		return nil
	}
	if len(p.stack) == 0 || p.stack[len(p.stack)-1] == (any)(mark{}) {
		return fmt.Errorf("there is no value to remember")
	}
	p.memo[key] = p.stack[len(p.stack)-1]
	return nil
}

// top returns the last value of the stack, which stays there.
func top[T any](p *pickle, what string) (T, error) {
	var v T
	if len(p.stack) > 0 {
		if v, ok := p.stack[len(p.stack)-1].(T); ok {
			return v, nil
		}
	}
	return v, fmt.Errorf("an instruction needs %s and does not find one", what)
}

// container makes and fills tuples, lists and dicts.
func (p *pickle) container(op byte) (err error) {
	var items []any
	switch op {
	case 0x85, 0x86, 0x87:
		items, err = p.pop(int(op) - 0x84)
	case 'a':
		items, err = p.pop(1)
	case 's':
		items, err = p.pop(2)
	default:
		items, err = p.popMark()
	}
	if err != nil {
		return err
	}
	switch op {
	case 't', 0x85, 0x86, 0x87:
		p.push(append(Tuple{}, items...))
		return nil
	case 'l':
		p.push(&List{append([]any{}, items...)})
		return nil
	case 'a', 'e':
		l, err := top[*List](p, "a list")
		if err == nil {
			l.Items = append(l.Items, items...)
		}
		return err
	case 'd':
		d := &Dict{Items: map[string]any{}}
		p.push(d)
		return d.add(items)
	}
	d, err := top[*Dict](p, "a dict")
	if err != nil {
		return err
	}
	return d.add(items)
}

// add puts keys and values, in turn, into d.
func (d *Dict) add(items []any) error {
	if len(items)%2 != 0 {
		return fmt.Errorf("a key without a value")
	}
	for i := 0; i < len(items); i += 2 {
		if key, ok := items[i].(string); ok {
			d.Items[key] = items[i+1]
		}
	}
	return nil
}
