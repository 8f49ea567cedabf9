package mem

import (
	"math"
	"slices"
	"sync/atomic"

	"sslmem/data/rng"
)

// PermutationTest is the result of [Permutation].
type PermutationTest struct {
	POneSided Number `json:"p_one_sided"`
	PTwoSided Number `json:"p_two_sided"`
	// Partitions is how many partitions were looked at: all there are if Exact,
	// else so many random ones.
	Partitions int  `json:"partitions"`
	Exact      bool `json:"exact"`
	// Note says why the test is undefined, and is empty if it is not.
	Note string `json:"note,omitempty"`
}

// Permutation tests the difference between the means of a and b without any
// assumption on their distribution: how often is it at least as large if the
// values are divided among the samples at random (E. J. G. Pitman, "Significance
// tests which may be applied to samples from any populations", 1937)? If there
// are no more than resamples partitions, the answer is exact. Otherwise it is
// estimated from resamples random ones, drawn from a stream that seed fixes, as
// (hits + 1)/(resamples + 1), which is never 0 (B. Phipson and G. K. Smyth,
// "Permutation p-values should never be zero", 2010). The two-sided p is twice the
// smaller of both one-sided ones.
//
// The test is undefined for an empty sample and for values that are not finite.
// The samples are not changed, and the result does not depend on the number of
// threads.
func Permutation(a, b []float64, alternative Alternative, resamples int, seed uint64) PermutationTest {
	p := PermutationTest{POneSided: undefined, PTwoSided: undefined}
	if s := compareSamples(a, b); len(a) == 0 || len(b) == 0 || math.IsNaN(s.difference) || math.IsInf(s.difference, 0) {
		p.Note = s.note
		if p.Note == "" || len(a) > 0 && len(b) > 0 {
			p.Note = "the values are not finite, so there is no test"
		}
		return p
	}
	// Sums of the smaller sample order partitions as the differences do, or the
	// other way round if it is b.
	turned := len(b) < len(a)
	if turned {
		a, b = b, a
	}
	pool := slices.Concat(a, b)
	mean, _ := meanVariance(pool)
	var observed, size float64
	for i := range pool {
		pool[i] -= mean
		size += math.Abs(pool[i])
		if i < len(a) {
			observed += pool[i]
		}
	}
	count := &partitionCount{observed: observed, tolerance: 1e-13 * size}
	added := int64(0)
	if n := binomialUpTo(len(pool), len(a), resamples); n > 0 {
		p.Partitions, p.Exact = n, true
		count.all(pool, len(a))
	} else {
		p.Partitions, added = resamples, 1
		count.random(pool, len(a), resamples, seed)
	}
	total := float64(int64(p.Partitions) + added)
	above, below := float64(count.above.Load()+added)/total, float64(count.below.Load()+added)/total
	p.POneSided, p.PTwoSided = Number(above), Number(min(1, 2*min(above, below)))
	if turned != (alternative == Less) {
		p.POneSided = Number(below)
	}
	return p
}

// partitionCount counts the sums that are at least, and at most, as large as the
// observed one. Sums that differ by rounding alone count as equal.
type partitionCount struct {
	observed, tolerance float64
	above, below        atomic.Int64
}

func (c *partitionCount) add(sum float64) {
	if sum >= c.observed-c.tolerance {
		c.above.Add(1)
	}
	if sum <= c.observed+c.tolerance {
		c.below.Add(1)
	}
}

// all looks at every choice of k values.
func (c *partitionCount) all(pool []float64, k int) {
	var choose func(from, left int, sum float64)
	choose = func(from, left int, sum float64) {
		if left == 0 {
			c.add(sum)
			return
		}
		for i := from; i <= len(pool)-left; i++ {
			choose(i+1, left-1, sum+pool[i])
		}
	}
	choose(0, k, 0)
}

var permutationDomain = rng.Word("mem: permutation")

// random looks at n random choices of k values. Each 64 choices have a stream of
// their own, whichever thread draws them.
func (c *partitionCount) random(pool []float64, k, n int, seed uint64) {
	const chunk = 64
	parallel((n+chunk-1)/chunk, func(i int) {
		r := rng.New(seed, permutationDomain, uint64(i))
		values := slices.Clone(pool)
		for range min(chunk, n-i*chunk) {
			var sum float64
			for j := range k {
				other := j + r.IntN(len(values)-j)
				values[j], values[other] = values[other], values[j]
				sum += values[j]
			}
			c.add(sum)
		}
	})
}

// binomialUpTo returns the number of choices of k out of n if it is at most
// limit, and 0 otherwise.
func binomialUpTo(n, k, limit int) int {
	choices := 1.
	for i := range min(k, n-k) {
		choices = choices * float64(n-i) / float64(i+1)
		if choices > float64(limit) {
			return 0
		}
	}
	return int(math.Round(choices))
}
