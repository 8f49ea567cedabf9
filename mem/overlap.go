package mem

import (
	"fmt"
	"math"
	"slices"
)

// TopOverlap is the overlap of the k highest points of two scores.
type TopOverlap struct {
	K     int `json:"k"`
	N     int `json:"n"` // points in all
	Count int `json:"count"`
	// Fraction is Count/K, and Chance what it is on average for two orders that
	// have nothing to do with each other: K/N.
	Fraction Number `json:"fraction"`
	Chance   Number `json:"chance"`
	// P is the probability that two such orders have Count or more in common: the
	// upper tail of the hypergeometric distribution.
	P Number `json:"p"`
}

// Overlap compares the k highest points of the scores a and b, both [N]. Of equal
// scores the one that comes first counts as higher. It panics if the lengths differ
// or k is not in 1 … N. NaN counts as lowest.
func Overlap(a, b []float64, k int) TopOverlap {
	if len(a) != len(b) || k < 1 || k > len(a) {
		panic(fmt.Sprintf("mem: overlap of the top %d of %d and %d scores", k, len(a), len(b)))
	}
	o := TopOverlap{K: k, N: len(a)}
	in := make([]bool, len(a))
	for _, i := range highest(a, k) {
		in[i] = true
	}
	for _, i := range highest(b, k) {
		if in[i] {
			o.Count++
		}
	}
	o.Fraction = Number(float64(o.Count) / float64(k))
	o.Chance = Number(float64(k) / float64(len(a)))
	o.P = Number(hypergeometricTail(o.Count, len(a), k))
	return o
}

// highest returns the positions of the k highest values.
func highest(x []float64, k int) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case x[i] > x[j] || math.IsNaN(x[j]) && !math.IsNaN(x[i]):
			return -1
		case x[i] < x[j] || math.IsNaN(x[i]) && !math.IsNaN(x[j]):
			return 1
		}
		return 0
	})
	return order[:k]
}

// hypergeometricTail returns P(X ≥ x) for the number X of k marked points among k
// points drawn from n.
func hypergeometricTail(x, n, k int) float64 {
	least := max(0, 2*k-n)
	if x <= least {
		return 1
	}
	size, marked := float64(n), float64(k)
	// P(X = y+1)/P(X = y) = (k−y)²/((y+1)(n−2k+y+1)).
	ratio := func(y float64) float64 {
		return (marked - y) * (marked - y) / ((y + 1) * (size - 2*marked + y + 1))
	}
	var sum float64
	if float64(x) > marked*marked/size {
		term := hypergeometric(x, n, k)
		for y := x; y <= k && term > 0; y++ {
			sum += term
			term *= ratio(float64(y))
		}
		return min(1, sum)
	}
	term := hypergeometric(x-1, n, k)
	for y := x - 1; y >= least && term > 0; y-- {
		sum += term
		term /= ratio(float64(y - 1))
	}
	return max(0, 1-sum)
}

// hypergeometric returns P(X = x), as two binomial probabilities by a third (C.
// Loader, "Fast and accurate computation of binomial probabilities", 2000).
func hypergeometric(x, n, k int) float64 {
	p := float64(k) / float64(n)
	log := logBinomial(x, k, p) + logBinomial(k-x, n-k, p) - logBinomial(k, n, p)
	return math.Exp(log)
}

// logBinomial returns the logarithm of C(n, x) pˣ (1−p)ⁿ⁻ˣ in the saddle-point form,
// in which no large logarithms cancel. For p = 1 the result for x = n is 0.
func logBinomial(x, n int, p float64) float64 {
	fx, fn := float64(x), float64(n)
	switch {
	case n == 0 || p == 1 && x == n:
		return 0
	case x == 0:
		return fn * math.Log1p(-p)
	case x == n:
		return fn * math.Log(p)
	}
	return stirlingError(fn) - stirlingError(fx) - stirlingError(fn-fx) -
		deviance(fx, fn*p) - deviance(fn-fx, fn*(1-p)) +
		0.5*math.Log(fn/(2*math.Pi*fx*(fn-fx)))
}

// deviance returns x·ln(x/m) + m − x, which is near 0 where x is near m.
func deviance(x, m float64) float64 {
	e := (x - m) / m
	if math.Abs(e) > 0.1 {
		return x*math.Log(x/m) + m - x
	}
	// m·((1+e)ln(1+e) − e) as a series: Σ (−e)ʲ/(j(j−1)) from j = 2 on.
	var sum float64
	term := -e
	for j := 2.; j < 20; j++ {
		term *= -e
		sum += term / (j * (j - 1))
	}
	return m * sum
}
