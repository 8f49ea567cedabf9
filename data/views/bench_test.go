package views_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/picture"
	"sslmem/data/views"
)

// photographs writes n JPEGs of 500×375 pixels, 4:2:0, as large as ImageNet's.
func photographs(b *testing.B, n int) data.Source {
	b.Helper()
	dir := b.TempDir()
	for i := range n {
		im := image.NewRGBA(image.Rect(0, 0, 500, 375))
		for y := range 375 {
			for x := range 500 {
				v := 128 + 60*math.Sin(float64(x*(i+3))/40) + 50*math.Cos(float64(y*x)/900) + float64((x*7919+y*104729)%23)
				im.Set(x, y, color.RGBA{uint8(v), uint8(y), uint8(x / 2), 255})
			}
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, im, &jpeg.Options{Quality: 90}); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.jpg", i)), file.Bytes(), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	s, err := data.OpenSet(dir)
	if err != nil {
		b.Fatal(err)
	}
	return s.Train
}

// BenchmarkFolder makes normalised batches of one view of 224×224 pixels of each
// JPEG of a folder, by one goroutine:
//
//	SSLMEM_JPEG=go go test -bench Folder ./data/views
//	go test -bench Folder ./data/views
func BenchmarkFolder(b *testing.B) {
	l, err := data.NewLazy(photographs(b, 64), 0)
	if err != nil {
		b.Fatal(err)
	}
	r := augment.Recipe{
		Name: "crop and flip", Size: 224, ScaleMin: .08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: .5,
		Mean: []float32{.485, .456, .406}, Std: []float32{.229, .224, .225},
	}
	b.Run("decoder="+picture.JPEGDecoder(), func(b *testing.B) {
		const batch = 16
		m := views.Maker{Images: l, Views: views.Repeat(r, 1), Batch: batch, Workers: 1}
		index := make([]int, batch)
		q := m.Start(b.N, func(i int) ([]int, int) {
			for k := range index {
				index[k] = (batch*i + k) % l.Len()
			}
			return index, i
		})
		defer q.Stop()
		for range b.N {
			x, err := q.Next()
			if err != nil {
				b.Fatal(err)
			}
			q.Recycle(x)
		}
		b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "images/s")
	})
}
