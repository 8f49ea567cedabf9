package tfevents

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// parsed is an event as the tests read it.
type parsed struct {
	time     float64
	step     int64
	version  string
	scalars  map[string]float32
	texts    map[string]string
	pictures map[string][]byte
	sizes    map[string][3]uint64 // height, width, channels
	start    bool                 // a SessionLog of a start
}

// fields are the fields of a message by number, those of numbers as uint64 and
// the others as bytes; of repeated ones all are kept.
func fields(b []byte) (map[protowire.Number][]any, error) {
	all := map[protowire.Number][]any{}
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
		all[number] = append(all[number], v)
		b = b[n:]
	}
	return all, nil
}

// records splits a file into the data of its records and what is left of a torn
// one at its end.
func records(b []byte) (list [][]byte, rest []byte, err error) {
	for len(b) >= 12 {
		length := binary.LittleEndian.Uint64(b)
		if binary.LittleEndian.Uint32(b[8:]) != maskedCRC(b[:8]) {
			return list, b, fmt.Errorf("record %d: the checksum of the length is wrong", len(list))
		}
		if uint64(len(b)) < 16+length {
			break
		}
		data := b[12 : 12+length]
		if binary.LittleEndian.Uint32(b[12+length:]) != maskedCRC(data) {
			return list, b, fmt.Errorf("record %d: the checksum of the data is wrong", len(list))
		}
		list, b = append(list, data), b[16+length:]
	}
	return list, b, nil
}

func mustFields(t *testing.T, b []byte) map[protowire.Number][]any {
	t.Helper()
	f, err := fields(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// first is the only value of a field, or the zero value.
func first[T any](f map[protowire.Number][]any, number protowire.Number) (v T) {
	if len(f[number]) > 0 {
		v = f[number][0].(T)
	}
	return v
}

// parse reads a file of whole records.
func parse(t *testing.T, b []byte) []parsed {
	t.Helper()
	list, rest, err := records(b)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%d bytes are left behind %d records: %v", len(rest), len(list), err)
	}
	var events []parsed
	for _, data := range list {
		f := mustFields(t, data)
		e := parsed{
			time:    math.Float64frombits(first[uint64](f, eventWallTime)),
			step:    int64(first[uint64](f, eventStep)),
			version: string(first[[]byte](f, eventFileVersion)),
			scalars: map[string]float32{}, texts: map[string]string{}, pictures: map[string][]byte{}, sizes: map[string][3]uint64{},
		}
		e.start = first[uint64](mustFields(t, first[[]byte](f, eventSessionLog)), sessionLogStatus) == 1
		for _, v := range mustFields(t, first[[]byte](f, eventSummary))[summaryValue] {
			value := mustFields(t, v.([]byte))
			tag := string(first[[]byte](value, valueTag))
			if bits := value[valueSimpleValue]; bits != nil {
				e.scalars[tag] = math.Float32frombits(uint32(bits[0].(uint64)))
			}
			if tensor := value[valueTensor]; tensor != nil {
				e.texts[tag] = string(first[[]byte](mustFields(t, tensor[0].([]byte)), tensorString))
			}
			if picture := value[valueImage]; picture != nil {
				p := mustFields(t, picture[0].([]byte))
				e.pictures[tag] = first[[]byte](p, imageEncoded)
				e.sizes[tag] = [3]uint64{first[uint64](p, imageHeight), first[uint64](p, imageWidth), first[uint64](p, imageColorspace)}
			}
		}
		events = append(events, e)
	}
	return events
}
