package data

import (
	"fmt"
	"math"
	"sync"

	"sslmem/data/picture"
)

// Statistics are what [Measure] finds out about some images.
type Statistics struct {
	N, C        int       // images that were looked at, and their channels
	Least, Most [2]int    // the least and the most rows and columns
	Mean, Std   []float64 // of the pixels of each channel, [C], with intensities in [0, 1]
}

// Measure looks at the images of s. Of more than most images it looks at that
// many, evenly spread from the first on; which ones depends on the numbers
// alone. Sums are exact, so that the result is the same for any number of cores.
// It is an error if there are no images, one cannot be decoded, or they do not
// have the same channels.
func Measure(s Source, most int) (Statistics, error) {
	n := min(s.Len(), most)
	if n < 1 {
		return Statistics{}, fmt.Errorf("data: statistics of %d images", n)
	}
	st := Statistics{N: n, Least: [2]int{math.MaxInt, math.MaxInt}}
	var mu sync.Mutex
	var pixels uint64
	var sum, squares []uint64
	err := eachImage(n, func(k int, im *picture.Image) error {
		i := place(k, n, s.Len())
		if err := s.Decode(i, im); err != nil {
			return err
		}
		area := im.H * im.W
		one, two := make([]uint64, im.C), make([]uint64, im.C)
		for c := range im.C {
			for _, v := range im.Pixels[c*area : (c+1)*area] {
				one[c] += uint64(v)
				two[c] += uint64(v) * uint64(v)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if sum == nil {
			st.C, sum, squares = im.C, make([]uint64, im.C), make([]uint64, im.C)
		}
		if im.C != st.C {
			return fmt.Errorf("data: image %d%s has %d channels, but others have %d", i, nameOf(s, i), im.C, st.C)
		}
		for c := range im.C {
			sum[c] += one[c]
			squares[c] += two[c]
		}
		pixels += uint64(area)
		st.Least = [2]int{min(st.Least[0], im.H), min(st.Least[1], im.W)}
		st.Most = [2]int{max(st.Most[0], im.H), max(st.Most[1], im.W)}
		return nil
	})
	if err != nil {
		return Statistics{}, err
	}
	for c := range st.C {
		m := float64(sum[c]) / float64(pixels)
		st.Mean = append(st.Mean, m/255)
		st.Std = append(st.Std, math.Sqrt(max(0, float64(squares[c])/float64(pixels)-m*m))/255)
	}
	return st, nil
}

// Normalisation returns Mean and Std to normalise views by; a channel that is
// constant gets the deviation 1.
func (s Statistics) Normalisation() (mean, std []float32) {
	for c := range s.C {
		mean, std = append(mean, float32(s.Mean[c])), append(std, float32(s.Std[c]))
		if std[c] == 0 {
			std[c] = 1
		}
	}
	return mean, std
}

// place returns the image that number k of n evenly spread ones is of all.
func place(k, n, all int) int { return int(int64(k) * int64(all) / int64(n)) }
