package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"sslmem/torch/safetensors"
)

// floats returns the bytes of float32 values as the format has them.
func floats(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")

	err = safetensors.Save(path, []safetensors.Tensor{
		{Name: "fc.weight", DType: safetensors.F32, Shape: []int64{2, 3}, Data: floats(1, 2, 3, 4, 5, 6)},
		{Name: "fc.bias", DType: safetensors.F32, Shape: []int64{2}, Data: floats(.5, -.5)},
		{Name: "steps", DType: safetensors.I64, Data: []byte{200, 0, 0, 0, 0, 0, 0, 0}},
	}, map[string]string{"epoch": "3"})
	if err != nil {
		log.Fatal(err)
	}

	f, err := safetensors.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Println("epoch", f.Metadata()["epoch"])
	for info, data := range f.All() {
		fmt.Println(info.Name, info.DType, info.Shape, len(data), "bytes")
	}
	_, data, err := f.Tensor("fc.bias")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(math.Float32frombits(binary.LittleEndian.Uint32(data)))
	// Output:
	// epoch 3
	// steps I64 [] 8 bytes
	// fc.bias F32 [2] 8 bytes
	// fc.weight F32 [2 3] 24 bytes
	// 0.5
}

func ExampleWrite() {
	var b bytes.Buffer
	err := safetensors.Write(&b, []safetensors.Tensor{
		{Name: "bias", DType: safetensors.F32, Shape: []int64{2}, Data: floats(1, 2)},
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", b.Bytes())
	// Output:
	// "@\x00\x00\x00\x00\x00\x00\x00{\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}       \x00\x00\x80?\x00\x00\x00@"
}

func ExampleParse() {
	header := `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	b = append(b, floats(1)...) // one value is missing

	_, err := safetensors.Parse(b)
	fmt.Println(err)
	// Output:
	// safetensors: tensor "a": data_offsets [0, 8] reach past the 4 bytes of data; the file may be truncated
}
