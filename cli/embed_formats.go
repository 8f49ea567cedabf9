package cli

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"

	"sslmem/data/format"
	"sslmem/torch/safetensors"
)

// An embedFormat writes features to a file, a batch at a time.
type embedFormat interface {
	begin(shape []int) error // of all features, [N, …]
	rows(index []int, values []float32) error
}

// embedFormats are the formats by the ending of the file.
var embedFormats = map[string]func(*embedding, io.Writer) embedFormat{
	".npy":         func(_ *embedding, w io.Writer) embedFormat { return &npyFormat{w: w} },
	".safetensors": func(j *embedding, w io.Writer) embedFormat { return &safetensorsFormat{npyFormat{w: w}, j} },
	".csv":         func(j *embedding, w io.Writer) embedFormat { return &csvFormat{w: w, of: j} },
}

// label is the class of an image, or −1.
func (j *embedding) label(image int) int {
	if j.images.ClassNames() == nil {
		return -1
	}
	return j.images.Label(image)
}

// npyFormat writes numbers as they are in memory.
type npyFormat struct {
	w      io.Writer
	buffer []byte
}

func (f *npyFormat) begin(shape []int) error {
	return format.WriteNPYHeader(f.w, format.Float, 4, shape...)
}

func (f *npyFormat) rows(_ []int, values []float32) error {
	f.buffer = f.buffer[:0]
	for _, v := range values {
		f.buffer = binary.LittleEndian.AppendUint32(f.buffer, math.Float32bits(v))
	}
	_, err := f.w.Write(f.buffer)
	return err
}

// safetensorsFormat writes the images and labels first, which are known, and then the
// features, as the order of such files asks for.
type safetensorsFormat struct {
	npyFormat
	of *embedding
}

func (f *safetensorsFormat) begin(shape []int) error {
	n := []int64{int64(shape[0])}
	features := safetensors.Tensor{Name: "features", DType: safetensors.F32}
	for _, d := range shape {
		features.Shape = append(features.Shape, int64(d))
	}
	name, _ := f.of.images.Title()
	order, err := safetensors.WriteHeader(f.w, []safetensors.Tensor{
		features, {Name: "index", DType: safetensors.I64, Shape: n}, {Name: "label", DType: safetensors.I64, Shape: n},
	}, map[string]string{"encoder": f.of.encoder.Path, "layer": f.of.layer, "data": name})
	if err != nil {
		return err
	}
	var b [8]byte
	for _, t := range order[:len(order)-1] { // the features are last, as their elements are smaller
		for _, image := range f.of.index {
			v := image
			if t.Name == "label" {
				v = f.of.label(image)
			}
			binary.LittleEndian.PutUint64(b[:], uint64(v))
			if _, err := f.w.Write(b[:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// csvFormat writes a line an image.
type csvFormat struct {
	w    io.Writer
	of   *embedding
	line []byte
}

func (f *csvFormat) begin(shape []int) error {
	columns := 1
	for _, d := range shape[1:] {
		columns *= d
	}
	f.line = append(f.line[:0], "index,label"...)
	for i := range columns {
		f.line = fmt.Appendf(f.line, ",f%d", i)
	}
	_, err := f.w.Write(append(f.line, '\n'))
	return err
}

func (f *csvFormat) rows(index []int, values []float32) error {
	columns := len(values) / len(index)
	for k, image := range index {
		f.line = strconv.AppendInt(f.line[:0], int64(image), 10)
		f.line = append(f.line, ',')
		if label := f.of.label(image); label >= 0 {
			f.line = strconv.AppendInt(f.line, int64(label), 10)
		}
		for _, v := range values[k*columns : (k+1)*columns] {
			f.line = strconv.AppendFloat(append(f.line, ','), float64(v), 'g', -1, 32)
		}
		if _, err := f.w.Write(append(f.line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
