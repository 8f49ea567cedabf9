package eval

import (
	"fmt"
	"math"
)

// A Result is how well a classifier does on a test set. Accuracies are
// fractions in [0, 1].
type Result struct {
	N    int     `json:"n"`    // images of the test set
	Top1 float64 `json:"top1"` // share whose class came first
	Top5 float64 `json:"top5"` // share whose class was among the first five; says nothing where there are five classes or fewer

	// Top1Low and Top1High bound the 95 % confidence interval of Top1; see
	// [Wilson]. It covers the choice of the test images, not that of the
	// training images or of the encoder's seed.
	Top1Low  float64 `json:"top1_low"`
	Top1High float64 `json:"top1_high"`

	// PerClass has the classes that occur in the test set, in the order of
	// their numbers.
	PerClass []ClassResult `json:"per_class"`
}

// A ClassResult is the result on the test images of one class.
type ClassResult struct {
	Class string  `json:"class"` // its name
	N     int     `json:"n"`
	Top1  float64 `json:"top1"` // its recall
}

// String returns the accuracies in percent, such as
// "top-1 83.0 % (95 % CI 79.4 to 86.0), top-5 99.2 %, n = 500".
func (r Result) String() string {
	return fmt.Sprintf("top-1 %.1f %% (95 %% CI %.1f to %.1f), top-5 %.1f %%, n = %d", 100*r.Top1, 100*r.Top1Low, 100*r.Top1High, 100*r.Top5, r.N)
}

// z95 is the 97.5th percentile of the standard normal distribution.
const z95 = 1.959963984540054

// Wilson returns the 95 % confidence interval of a probability that was seen as
// correct out of n: the score interval of Wilson, "Probable inference, the law
// of succession, and statistical inference", JASA 22 (1927),
//
//	(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n),  p = correct/n
//
// which stays in [0, 1] and holds for small n too. It returns 0 and 1 for an n
// of 0.
func Wilson(correct, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	m := float64(n)
	p, z2 := float64(correct)/m, z95*z95/m
	center := (p + z2/2) / (1 + z2)
	half := z95 / (1 + z2) * math.Sqrt(p*(1-p)/m+z2/(4*m))
	return max(0, center-half), min(1, center+half)
}

// tally counts hits.
type tally struct {
	classes  []string
	n, right []int // by class
	top5     int
}

func newTally(classes []string) *tally {
	return &tally{classes: classes, n: make([]int, len(classes)), right: make([]int, len(classes))}
}

// add counts a test image of class label, before which the classifier put
// ahead other classes.
func (t *tally) add(label, ahead int) {
	t.n[label]++
	if ahead == 0 {
		t.right[label]++
	}
	if ahead < 5 {
		t.top5++
	}
}

func (t *tally) result() Result {
	var r Result
	right := 0
	for c, n := range t.n {
		if n == 0 {
			continue
		}
		r.N += n
		right += t.right[c]
		r.PerClass = append(r.PerClass, ClassResult{Class: t.classes[c], N: n, Top1: float64(t.right[c]) / float64(n)})
	}
	r.Top1, r.Top5 = float64(right)/float64(r.N), float64(t.top5)/float64(r.N)
	r.Top1Low, r.Top1High = Wilson(right, r.N)
	return r
}
