package augment_test

import (
	"fmt"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
)

// BenchmarkBatch gives the time of batches of 256 views on one worker, with
// ns/view beside ns/op.
func BenchmarkBatch(b *testing.B) {
	gray, _, err := data.FashionMNIST()
	if err != nil {
		b.Fatal(err)
	}
	color := colorImages(1000, 32)
	for _, c := range []struct {
		recipe string
		d      *data.Dataset
	}{{"demo", gray}, {"simclr-cifar", gray}, {"simclr-cifar", color}, {"strong", color}} {
		r, err := augment.Lookup(c.recipe)
		if err != nil {
			b.Fatal(err)
		}
		r = r.Fit(c.d)
		b.Run(fmt.Sprintf("%s/%dx%dx%d", c.recipe, c.d.C, r.Size, r.Size), func(b *testing.B) {
			b.ReportAllocs()
			const n = 256
			idx := make([]int, n)
			for i := range idx {
				idx[i] = i * 3
			}
			dst := make([]float32, n*c.d.C*r.Size*r.Size)
			epoch := 0
			for b.Loop() {
				if err := r.Batch(dst, c.d, idx, augment.Key{Epoch: epoch}, 1); err != nil {
					b.Fatal(err)
				}
				epoch++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/view")
		})
	}
}

// colorImages returns n smooth coloured images of size×size pixels.
func colorImages(n, size int) *data.Dataset {
	d := &data.Dataset{Name: "colour", C: 3, H: size, W: size}
	for i := range n {
		for c := range 3 {
			for y := range size {
				for x := range size {
					d.Pixels = append(d.Pixels, uint8((i*37+c*(x+i)+y*(3-c)+x*y/8)%256))
				}
			}
		}
	}
	return d
}
