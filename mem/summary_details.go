package mem

import (
	"math"
	"slices"
)

// ContrastDetails are further statistics of a contrast, beside Welch's test.
type ContrastDetails struct {
	Student     TTest           `json:"student"`
	Effect      EffectSize      `json:"effect"`
	Bootstrap   Bootstrap       `json:"bootstrap"` // of the difference of the means
	Permutation PermutationTest `json:"permutation"`
	KS          KSTest          `json:"kolmogorov_smirnov"`
}

// FractionCurve is the fraction of the points of a set with m > τ, for each τ of
// [Summary.Thresholds].
type FractionCurve []Number

// thresholds are how many τ the curve has.
const thresholds = 101

// evenly returns τ from the least to the greatest m, in even steps.
func evenly(m []float64) []Number {
	low, high := slices.Min(m), slices.Max(m)
	out := make([]Number, thresholds)
	for i := range out {
		out[i] = Number(low + (high-low)*float64(i)/(thresholds-1))
	}
	out[thresholds-1] = Number(high)
	return out
}

func fractionCurve(m []float64, taus []Number) FractionCurve {
	above := FractionAbove(m)
	curve := make(FractionCurve, len(taus))
	for i, tau := range taus {
		curve[i] = Number(above(float64(tau)))
	}
	return curve
}

// acrossPairs returns the reliability of the mean of k pairs of encoders, from how
// alike single pairs score: R is the mean correlation of two pairs over the points,
// and SpearmanBrown is kR/(1+(k−1)R), what two means of k pairs each are expected to
// have. It is undefined for one pair.
func (v scoreValues) acrossPairs() Reliability {
	var sum float64
	count := 0
	for i := range v.pairs {
		for j := range i {
			r := SplitHalf(v.pairs[i], v.pairs[j]).R
			if !r.Defined() {
				return newReliability(undefined, 0)
			}
			sum += float64(r)
			count++
		}
	}
	if count == 0 {
		return newReliability(undefined, 0)
	}
	return newReliability(Number(sum/float64(count)), len(v.pairs))
}

// newReliability steps the correlation r of single measurements up to that of the
// mean of k.
func newReliability(r Number, k int) Reliability {
	if !r.Defined() {
		return Reliability{undefined, undefined, undefined}
	}
	n := Number(k)
	stepped := max(0, n*r/(1+(n-1)*max(0, r)))
	return Reliability{r, stepped, Number(math.Sqrt(float64(stepped)))}
}

// ClassSummary is a summary of the points of one class.
type ClassSummary struct {
	Class int `json:"class"`
	// Sets are the sets that have points of the class.
	Sets []ClassSet `json:"sets"`
	// Contrasts compare S_C with S_S and with S_E within the class, as far as they
	// have points. There are many of them: their p-values are for choosing what to
	// look at.
	Contrasts []ClassContrast `json:"contrasts"`
}

// ClassSet are the scores of the points of one class in one set.
type ClassSet struct {
	Set  Set      `json:"set"`
	N    int      `json:"n"`
	Mean Number   `json:"mean"`
	SD   Number   `json:"sd"`
	CI   Interval `json:"ci95"`
}

// ClassContrast is a contrast within a class.
type ClassContrast struct {
	A Set `json:"a"`
	B Set `json:"b"`
	Comparison
}

// classes summarizes each class; m are the scores of s. It is nil without labels.
func (s *Scores) classes(m []float64) []ClassSummary {
	if s.Label == nil {
		return nil
	}
	byClass := map[int]*[NumSets][]float64{}
	for i, label := range s.Label {
		if byClass[label] == nil {
			byClass[label] = new([NumSets][]float64)
		}
		set := s.Set[i]
		byClass[label][set] = append(byClass[label][set], m[i])
	}
	var labels []int
	for label := range byClass {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	var out []ClassSummary
	for _, label := range labels {
		c, values := ClassSummary{Class: label}, byClass[label]
		for _, set := range Sets() {
			if x := values[set]; len(x) > 0 {
				mean, variance := meanVariance(x)
				c.Sets = append(c.Sets, ClassSet{set, len(x), Number(mean), Number(math.Sqrt(variance)), meanInterval(mean, variance, len(x))})
			}
		}
		for _, b := range []Set{Shared, External} {
			if len(values[Candidate]) > 0 && len(values[b]) > 0 {
				c.Contrasts = append(c.Contrasts, ClassContrast{Candidate, b, Welch(values[Candidate], values[b], Greater)})
			}
		}
		out = append(out, c)
	}
	return out
}
