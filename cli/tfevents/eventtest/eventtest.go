// Package eventtest reads event files in tests. It shares no code with package
// tfevents, which writes them, and checks every checksum.
package eventtest

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// Event is what one record says.
type Event struct {
	Time     float64 // seconds since 1970
	Step     int64
	Version  string             // of the format, in the first event of a file
	Start    bool               // the run starts or goes on with Step
	Scalars  map[string]float32 // by tag
	Texts    map[string]string  // by tag
	Pictures map[string]Picture // by tag
}

// Picture is an encoded picture and what is said about it.
type Picture struct {
	Height, Width, Channels int
	PNG                     []byte
}

// Read returns the events of the file at path, up to a torn record at its end, as
// TensorBoard reads it. It fails the test if a record has a wrong checksum or an
// event cannot be understood.
func Read(t testing.TB, path string) []Event {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := Records(b)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var events []Event
	for i, data := range list {
		e, err := parse(data)
		if err != nil {
			t.Fatalf("%s: event %d: %v", path, i, err)
		}
		events = append(events, e)
	}
	return events
}

// Records splits the bytes of a file into the data of its records and what is
// left of a torn one at its end. A wrong checksum is an error.
func Records(b []byte) (list [][]byte, rest []byte, err error) {
	for len(b) >= 12 {
		length := binary.LittleEndian.Uint64(b)
		if unmask(b[8:]) != sum(b[:8]) {
			return list, b, fmt.Errorf("record %d: the checksum of the length is wrong", len(list))
		}
		if uint64(len(b)) < 16+length {
			break
		}
		data := b[12 : 12+length]
		if unmask(b[12+length:]) != sum(data) {
			return list, b, fmt.Errorf("record %d: the checksum of the data is wrong", len(list))
		}
		list, b = append(list, data), b[16+length:]
	}
	return list, b, nil
}

func sum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// unmask returns the checksum whose masked form begins b.
func unmask(b []byte) uint32 {
	rotated := binary.LittleEndian.Uint32(b) - 0xa282ead8
	return rotated>>17 | rotated<<15
}

// fields are the values of a message by the number of their field: numbers as
// uint64, all else as bytes.
type fields map[protowire.Number][]any

func parseFields(b []byte) (fields, error) {
	f := fields{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		b = b[n:]
		var v any
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(b)
			v = uint64(bits)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(b)
		default:
			return nil, fmt.Errorf("field %d is of kind %d", number, kind)
		}
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		f[number] = append(f[number], v)
		b = b[n:]
	}
	return f, nil
}

// number is a field of one number; one that is missing is 0.
func (f fields) number(field protowire.Number) (v uint64) {
	for _, x := range f[field] {
		v = x.(uint64)
	}
	return v
}

// bytes is a field of one string or message; one that is missing is empty.
func (f fields) bytes(field protowire.Number) (v []byte) {
	for _, x := range f[field] {
		v = x.([]byte)
	}
	return v
}

// message is the message within a field.
func (f fields) message(field protowire.Number) (fields, error) { return parseFields(f.bytes(field)) }

func parse(data []byte) (Event, error) {
	f, err := parseFields(data)
	if err != nil {
		return Event{}, err
	}
	e := Event{
		Time: math.Float64frombits(f.number(1)), Step: int64(f.number(2)), Version: string(f.bytes(3)),
		Scalars: map[string]float32{}, Texts: map[string]string{}, Pictures: map[string]Picture{},
	}
	session, err := f.message(7)
	if err != nil {
		return Event{}, err
	}
	e.Start = session.number(1) == 1
	summary, err := f.message(5)
	if err != nil {
		return Event{}, err
	}
	for _, v := range summary[1] {
		if err := e.add(v.([]byte)); err != nil {
			return Event{}, err
		}
	}
	return e, nil
}

// add takes one value of a summary.
func (e *Event) add(value []byte) error {
	f, err := parseFields(value)
	if err != nil {
		return err
	}
	tag := string(f.bytes(1))
	if f[2] != nil {
		e.Scalars[tag] = math.Float32frombits(uint32(f.number(2)))
	}
	if f[4] != nil {
		p, err := f.message(4)
		if err != nil {
			return err
		}
		e.Pictures[tag] = Picture{Height: int(p.number(1)), Width: int(p.number(2)), Channels: int(p.number(3)), PNG: p.bytes(4)}
	}
	if f[8] != nil {
		tensor, err := f.message(8)
		if err != nil {
			return err
		}
		e.Texts[tag] = string(tensor.bytes(8))
	}
	return nil
}
