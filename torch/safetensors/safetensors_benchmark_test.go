package safetensors_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"sslmem/torch/safetensors"
)

// hundredMB is a state dict of n F32 tensors that take 100 MB together.
func hundredMB(n int) []safetensors.Tensor {
	elements := 25_000_000 / n
	data := make([]byte, 4*elements)
	for i := range data {
		data[i] = byte(i) | 1
	}
	list := make([]safetensors.Tensor, n)
	for i := range list {
		list[i] = safetensors.Tensor{Name: fmt.Sprintf("layer%d.weight", i), DType: safetensors.F32, Shape: []int64{int64(elements)}, Data: data}
	}
	return list
}

var counts = []int{1, 100, 10_000}

func BenchmarkWrite100MB(b *testing.B) {
	for _, n := range counts {
		b.Run(fmt.Sprintf("%dtensors", n), func(b *testing.B) {
			tensors := hundredMB(n)
			b.SetBytes(100e6)
			b.ReportAllocs()
			for b.Loop() {
				if err := safetensors.Write(io.Discard, tensors, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSave100MB(b *testing.B) {
	for _, n := range counts {
		b.Run(fmt.Sprintf("%dtensors", n), func(b *testing.B) {
			tensors := hundredMB(n)
			path := filepath.Join(b.TempDir(), "x.safetensors")
			b.SetBytes(100e6)
			b.ReportAllocs()
			for b.Loop() {
				if err := safetensors.Save(path, tensors, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen100MB opens, touches every page of every tensor and closes. The
// file is in the page cache.
func BenchmarkOpen100MB(b *testing.B) {
	for _, n := range counts {
		b.Run(fmt.Sprintf("%dtensors", n), func(b *testing.B) {
			path := saved(b, n)
			b.SetBytes(100e6)
			b.ReportAllocs()
			var sum int
			for b.Loop() {
				f, err := safetensors.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				for _, data := range f.All() {
					for i := 0; i < len(data); i += 4096 {
						sum += int(data[i])
					}
				}
				if err := f.Close(); err != nil {
					b.Fatal(err)
				}
			}
			if sum == 0 {
				b.Fatal("nothing was read")
			}
		})
	}
}

// BenchmarkRead100MB reads all of the file into memory.
func BenchmarkRead100MB(b *testing.B) {
	path := saved(b, 100)
	b.SetBytes(100e6)
	b.ReportAllocs()
	for b.Loop() {
		file, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := safetensors.Read(file, fileSize(b, path)); err != nil {
			b.Fatal(err)
		}
		file.Close()
	}
}

func saved(b *testing.B, n int) string {
	path := filepath.Join(b.TempDir(), "x.safetensors")
	if err := safetensors.Save(path, hundredMB(n), nil); err != nil {
		b.Fatal(err)
	}
	return path
}

func fileSize(b *testing.B, path string) int64 {
	stat, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return stat.Size()
}
