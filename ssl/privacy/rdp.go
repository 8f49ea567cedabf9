package privacy

import (
	"fmt"
	"math"
)

// RDP returns the Rényi differential privacy of order α > 1, in nats, of one step of
// the Gaussian mechanism with the noise multiplier σ on a Poisson sample of rate q
// (Mironov, Talwar and Zhang 2019, arXiv 1908.10530, sections 3.1 to 3.3), for sets
// of images that differ by one image more or less:
//
//	ln A / (α − 1),  A = E[((1 − q) + q·exp((2z − 1)/(2σ²)))^α]  for z ~ N(0, σ²)
//
// It is α/(2σ²) for q = 1, 0 for q = 0, and infinite for σ = 0 with q > 0, where there
// is no noise. All is computed with logarithms, so that neither large orders nor little
// noise overflow; the result is good to 1e-6 of itself, or to 1e-13/(α − 1). The error
// names an argument that is out of its range: a negative σ, a q outside [0, 1], an
// order that is not above 1 or is infinite.
func RDP(noiseMultiplier, sampleRate, order float64) (float64, error) {
	if err := check(noiseMultiplier, sampleRate); err != nil {
		return 0, err
	}
	if !(order > 1) || math.IsInf(order, 0) {
		return 0, fmt.Errorf("privacy: the order is %v but must be above 1 and finite", order)
	}
	return rdp(noiseMultiplier, sampleRate, order), nil
}

// check names what is out of its range.
func check(noiseMultiplier, sampleRate float64) error {
	switch {
	case !(noiseMultiplier >= 0):
		return fmt.Errorf("privacy: the noise multiplier is %v but must be at least 0", noiseMultiplier)
	case !(sampleRate >= 0 && sampleRate <= 1):
		return fmt.Errorf("privacy: the sample rate is %v but must lie between 0 and 1", sampleRate)
	}
	return nil
}

func rdp(sigma, q, order float64) float64 {
	switch {
	case q == 0 || math.IsInf(sigma, 1):
		return 0
	case sigma == 0:
		return math.Inf(1)
	case q == 1:
		return order / (2 * sigma * sigma)
	case order == math.Trunc(order):
		return logWhole(sigma, q, int(order)) / (order - 1)
	}
	// Where next to nothing is spent, rounding may give less than that, or more than
	// with all images.
	return math.Min(math.Max(0, logFraction(sigma, q, order))/(order-1), order/(2*sigma*sigma))
}

// logWhole is ln A for a whole order. A − 1 is the sum over k ≥ 2 of
//
//	C(α, k)·(1 − q)^(α−k)·q^k·(exp((k² − k)/(2σ²)) − 1)
//
// without any difference, which keeps all digits where A is nearly 1.
func logWhole(sigma, q float64, order int) float64 {
	terms := make([]float64, 0, order)
	for k := 2; k <= order; k++ {
		more := float64(k*k-k) / (2 * sigma * sigma)
		grown := more + math.Log1p(-math.Exp(-more)) // ln(exp(more) − 1)
		terms = append(terms, logChoose(float64(order), k)+float64(order-k)*math.Log1p(-q)+float64(k)*math.Log(q)+grown)
	}
	sum := logSum(terms, nil)
	if sum > 30 {
		return sum // 1 is nothing beside it
	}
	return math.Log1p(math.Exp(sum))
}

// logFraction is ln A for any order. The expectation is cut at the z where both parts
// of the sum are alike; left of it the power is expanded in the second by the first,
// right of it the other way round. The terms end with alternating signs that fall like
// a power of their number: half of the last one stands for the rest.
func logFraction(sigma, q, order float64) float64 {
	const most = 1 << 20
	const small = 34 // e^-34 of the largest term is below the rounding of the sum
	cut := sigma*sigma*(math.Log1p(-q)-math.Log(q)) + .5
	out, in := math.Log1p(-q), math.Log(q)
	var terms []float64
	var signs []bool
	largest := math.Inf(-1)
	logBinomial, negative := 0., false // of C(α, i)
	for i := range most {
		n, rest := float64(i), order-float64(i)
		left := logBinomial + rest*out + n*in + (n*n-n)/(2*sigma*sigma) + logHalfErfc((n-cut)/(math.Sqrt2*sigma))
		right := logBinomial + rest*in + n*out + (rest*rest-rest)/(2*sigma*sigma) + logHalfErfc((cut-rest)/(math.Sqrt2*sigma))
		largest = math.Max(largest, math.Max(left, right))
		last := n > order && math.Max(left, right) < largest-small
		if last {
			left, right = left-math.Ln2, right-math.Ln2
		}
		terms = append(terms, left, right)
		signs = append(signs, negative, negative)
		if last {
			break
		}
		logBinomial += math.Log(math.Abs(rest)) - math.Log(n+1)
		negative = negative != (rest < 0)
	}
	return logSum(terms, signs)
}

// logSum is ln of the sum of exp(terms), of which those with signs[i] are taken away;
// nil takes none away.
func logSum(terms []float64, signs []bool) float64 {
	largest := math.Inf(-1)
	for _, t := range terms {
		largest = math.Max(largest, t)
	}
	if math.IsInf(largest, 0) {
		return largest
	}
	var sum float64
	for i, t := range terms {
		e := math.Exp(t - largest)
		if signs != nil && signs[i] {
			e = -e
		}
		sum += e
	}
	return largest + math.Log(sum)
}

// logChoose is ln of n over k for k from 0 to n.
func logChoose(n float64, k int) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(float64(k) + 1)
	c, _ := math.Lgamma(n - float64(k) + 1)
	return a - b - c
}

// logHalfErfc is ln(erfc(x)/2), also where erfc(x) is below the smallest number: there
// by its asymptotic series (Abramowitz and Stegun 1964, 7.1.23).
func logHalfErfc(x float64) float64 {
	if x < 20 {
		return math.Log(math.Erfc(x) / 2)
	}
	y := 1 / (2 * x * x)
	series := -y * (1 - 3*y*(1-5*y*(1-7*y)))
	return -x*x - math.Log(2*x*math.Sqrt(math.Pi)) + math.Log1p(series)
}
