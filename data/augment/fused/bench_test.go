package fused

import (
	"fmt"
	"testing"

	"sslmem/data/augment"
)

// BenchmarkBatch gives the time of views on one worker, beside that of the
// reference.
func BenchmarkBatch(b *testing.B) {
	for _, c := range []struct {
		recipe string
		side   int // of the images
		size   int // of the views
		n      int
	}{{"demo", 28, 28, 256}, {"simclr-cifar", 32, 32, 256}, {"simclr-224", 256, 224, 8}} {
		r, err := augment.Lookup(c.recipe)
		if err != nil {
			b.Skip(err)
		}
		channels := 3
		if c.recipe == "demo" {
			channels = 1
		}
		d := pictures(c.n, channels, c.side, c.side, 1)
		r.Size = c.size
		r = r.Fit(d)
		idx := make([]int, c.n)
		for i := range idx {
			idx[i] = i
		}
		dst := make([]float32, c.n*channels*c.size*c.size)
		for name, make := range map[string]func(k augment.Key) error{
			"reference": func(k augment.Key) error { return r.Batch(dst, d, idx, k, 1) },
			"fused":     func(k augment.Key) error { return Batch(dst, r, d, idx, k, Layout{ChannelsLast: true}, 1) },
		} {
			b.Run(fmt.Sprintf("%s/%s", c.recipe, name), func(b *testing.B) {
				b.ReportAllocs()
				epoch := 0
				for b.Loop() {
					if err := make(augment.Key{Epoch: epoch}); err != nil {
						b.Fatal(err)
					}
					epoch++
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.n), "ns/view")
			})
		}
	}
}
