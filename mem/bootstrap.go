package mem

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"sslmem/data/rng"
)

// Bootstrap says how far a mean, or a difference between two, would vary if the
// points were drawn again, without any assumption on their distribution: the
// sample is drawn from itself, with replacement, again and again.
type Bootstrap struct {
	// Resamples is how often that was done.
	Resamples int `json:"resamples"`
	// SE is the standard deviation of the results.
	SE Number `json:"se"`
	// Percentile reaches from the 2.5 % to the 97.5 % point of the results.
	Percentile Interval `json:"percentile_ci95"`
	// BCa is bias-corrected and accelerated: other points of the results are
	// taken, for their bias and skew (B. Efron, "Better bootstrap confidence
	// intervals", JASA 82, 1987). It is undefined where the statistic lies
	// outside of all results.
	BCa Interval `json:"bca_ci95"`
}

// BootstrapMean returns the bootstrap of the mean of x from the given number of
// resamples, which seed fixes. The number of threads changes nothing. It is
// undefined for fewer than two values, values that are not finite, and fewer than
// two resamples.
func BootstrapMean(x []float64, resamples int, seed uint64) Bootstrap {
	return newMeanBootstrap(x, resamples, seed, 0).result()
}

// BootstrapDifference returns the bootstrap of mean(a) − mean(b), both drawn again
// independently. It is undefined where one of them has none.
func BootstrapDifference(a, b []float64, resamples int, seed uint64) Bootstrap {
	return newMeanBootstrap(a, resamples, seed, 0).minus(newMeanBootstrap(b, resamples, seed, 1)).result()
}

// meanBootstrap is a statistic that is linear in the means of samples, with its
// values on resamples (nil if there are none), and the second and third moments
// of what a single value contributes, from which its skew follows.
type meanBootstrap struct {
	statistic     float64
	replicates    []float64
	second, third float64
}

var bootstrapDomain = rng.Word("mem: bootstrap")

// newMeanBootstrap resamples the mean of x from a stream of its own: statistics
// with different streams are independent. Each 32 resamples have a stream again,
// whichever thread draws them.
func newMeanBootstrap(x []float64, resamples int, seed, stream uint64) meanBootstrap {
	mean, variance := meanVariance(x)
	m := meanBootstrap{statistic: mean}
	if len(x) < 2 || resamples < 2 || math.IsNaN(variance) || math.IsInf(variance, 0) {
		return m
	}
	n := float64(len(x))
	for _, v := range x {
		u := (v - mean) / n
		m.second += u * u
		m.third += u * u * u
	}
	m.replicates = make([]float64, resamples)
	const chunk = 32
	parallel((resamples+chunk-1)/chunk, func(i int) {
		r := rng.New(seed, bootstrapDomain, stream, uint64(i))
		for k := i * chunk; k < min((i+1)*chunk, resamples); k++ {
			var sum float64
			for range x {
				sum += x[r.IntN(len(x))] - mean
			}
			m.replicates[k] = mean + sum/n
		}
	})
	return m
}

// minus returns the bootstrap of the difference of two statistics of as many
// independent resamples.
func (m meanBootstrap) minus(o meanBootstrap) meanBootstrap {
	d := meanBootstrap{statistic: m.statistic - o.statistic, second: m.second + o.second, third: m.third - o.third}
	if m.replicates == nil || o.replicates == nil {
		return d
	}
	d.replicates = make([]float64, len(m.replicates))
	for i, v := range m.replicates {
		d.replicates[i] = v - o.replicates[i]
	}
	return d
}

func (m meanBootstrap) result() Bootstrap {
	none := Interval{undefined, undefined}
	b := Bootstrap{Resamples: len(m.replicates), SE: undefined, Percentile: none, BCa: none}
	if m.replicates == nil {
		return b
	}
	b.SE = Number(stat.StdDev(m.replicates, nil))
	sorted := slices.Sorted(slices.Values(m.replicates))
	points := func(low, high float64) Interval {
		return Interval{Number(quantileOfSorted(sorted, low)), Number(quantileOfSorted(sorted, high))}
	}
	b.Percentile = points(alpha/2, 1-alpha/2)
	below := 0
	for _, v := range m.replicates {
		if v < m.statistic {
			below++
		}
		if v <= m.statistic {
			below++
		}
	}
	z0 := distuv.UnitNormal.Quantile(float64(below) / float64(2*len(m.replicates)))
	if math.IsInf(z0, 0) || m.second == 0 {
		return b
	}
	// The mean without one value differs from it by −u·n/(n−1) of that value's u,
	// so that the jackknife's acceleration is known without computing it.
	acceleration := m.third / (6 * math.Pow(m.second, 1.5))
	shifted := func(z float64) float64 {
		return distuv.UnitNormal.CDF(z0 + (z0+z)/(1-acceleration*(z0+z)))
	}
	z := distuv.UnitNormal.Quantile(alpha / 2)
	b.BCa = points(shifted(z), shifted(-z))
	return b
}
