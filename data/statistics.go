package data

import (
	"fmt"
	"math"
	"sync"

	"sslmem/data/picture"
)

// Statistics returns mean and standard deviation of the pixels of each channel,
// [C], with intensities in [0, 1]. Of more than most images it looks at
// that many, evenly spread from the first on; which ones depends on the numbers
// alone. A channel that is constant has the deviation 0. Sums are exact, so that
// the result is the same for any number of cores.
func Statistics(s Images, most int) (mean, std []float32, err error) {
	channels, _, _ := s.Shape()
	n := min(s.Len(), most)
	if n < 1 {
		return nil, nil, fmt.Errorf("data: statistics of %d images", n)
	}
	var mu sync.Mutex
	var pixels uint64
	sum, squares := make([]uint64, channels), make([]uint64, channels)
	err = eachImage(n, func(k int, im *picture.Image) error {
		if err := s.Decode(place(k, n, s.Len()), im); err != nil {
			return err
		}
		area := im.H * im.W
		for c := range channels {
			var a, b uint64
			for _, v := range im.Pixels[c*area : (c+1)*area] {
				a += uint64(v)
				b += uint64(v) * uint64(v)
			}
			mu.Lock()
			sum[c] += a
			squares[c] += b
			mu.Unlock()
		}
		mu.Lock()
		pixels += uint64(area)
		mu.Unlock()
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	mean, std = make([]float32, channels), make([]float32, channels)
	for c := range channels {
		m := float64(sum[c]) / float64(pixels)
		mean[c] = float32(m / 255)
		std[c] = float32(math.Sqrt(max(0, float64(squares[c])/float64(pixels)-m*m)) / 255)
	}
	return mean, std, nil
}

// place returns the image that number k of n evenly spread ones is of all.
func place(k, n, all int) int { return int(int64(k) * int64(all) / int64(n)) }
