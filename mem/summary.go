package mem

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Summary is what a set of scores says about memorization: the four sets, and
// the contrasts between them. Everything is on the scale of Normalisation.
type Summary struct {
	Normalisation Normalisation `json:"normalisation"`
	Offset        Offset        `json:"offset"` // that was taken from all m
	// Warnings say what is wrong with the scores; nil if nothing was found.
	Warnings []Warning `json:"warnings,omitempty"`
	// Points is the number of scored points, Seeds those of the f/g pairs.
	Points int      `json:"points"`
	Seeds  []uint64 `json:"seeds"`
	// Tau is the 95th percentile of m on S_E, the threshold of
	// [SetSummary.FractionAbove]; it is undefined without points of S_E.
	Tau Number `json:"tau"`
	// Reliability is that over all points. Where the sets differ in their
	// means it is higher than within a set.
	Reliability Reliability `json:"reliability"`
	// AcrossPairs says how much of the differences between points would come again
	// with other f/g pairs, of which there must be two at least: R is the mean
	// correlation of two pairs, SpearmanBrown that of two means of as many pairs as
	// there are.
	AcrossPairs Reliability `json:"reliability_across_pairs"`
	// Thresholds are the τ of the curves [SetSummary.AboveCurve], in even steps from
	// the least m to the greatest.
	Thresholds []Number `json:"thresholds"`
	// Sets are the sets that have points, in the order of the function [Sets].
	Sets []SetSummary `json:"sets"`
	// Contrasts compare S_C with S_S, S_E and S_I, and S_I with S_S, as far
	// as both sets have points.
	Contrasts []Contrast `json:"contrasts"`
	// Classes summarize the points of each class, nil without labels.
	Classes []ClassSummary `json:"classes,omitempty"`
}

// SetSummary describes the scores m(x) of one set.
type SetSummary struct {
	Set Set `json:"set"`
	// N is the number of points, ≥ 1.
	N int `json:"n"`
	// Mean, SD (of the sample, n−1) and Median of m over the points; CI is the
	// t-based 95 % confidence interval of the mean. SD and CI are undefined
	// for one point.
	Mean   Number   `json:"mean"`
	SD     Number   `json:"sd"`
	CI     Interval `json:"ci95"`
	Median Number   `json:"median"`
	// OffsetMean is Mean less the mean of S_E. If f is simply a better aligned
	// encoder than g on all images, every mean is shifted by the same offset,
	// which this takes away.
	OffsetMean Number `json:"mean_minus_external"`
	// FractionAbove is the fraction of points with m > τ, see [Summary.Tau].
	FractionAbove Number `json:"fraction_above_tau"`
	// Reliability is that over the points of the set.
	Reliability Reliability `json:"reliability"`
	// PairMeans are the means of m under each f/g pair alone.
	PairMeans []Number `json:"pair_means"`
	// Bootstrap is that of the mean.
	Bootstrap Bootstrap `json:"bootstrap"`
	// AboveCurve is FractionAbove for every τ of [Summary.Thresholds].
	AboveCurve FractionCurve `json:"fraction_above_curve"`
}

// Contrast compares the scores of two sets. Its p-values and interval treat
// the points as the sample and the encoders as given; how far the result
// holds for other encoders is seen from the pairs.
type Contrast struct {
	// A is compared with B: Difference is mean m(A) − mean m(B). Where f
	// memorizes, S_C is above every other set (Alternative "greater"); where g
	// does, S_I is below the others (Alternative "less").
	A Set `json:"a"`
	B Set `json:"b"`
	// MeanA and MeanB are the means of m.
	MeanA Number `json:"mean_a"`
	MeanB Number `json:"mean_b"`
	Comparison
	// Pairs holds the same comparison under each f/g pair alone.
	Pairs []PairComparison `json:"pairs"`
	// Details are the other tests and effect sizes.
	Details ContrastDetails `json:"details"`
}

// Name writes what memorization predicts, such as "S_C > S_S".
func (c Contrast) Name() string {
	sign := ">"
	if c.Alternative == Less {
		sign = "<"
	}
	return fmt.Sprintf("%v %s %v", c.A, sign, c.B)
}

// PairComparison is a contrast under one f/g pair.
type PairComparison struct {
	Seed uint64 `json:"seed"`
	Comparison
}

// PairsInDirection returns how many f/g pairs alone have a difference in the
// direction of the alternative.
func (c Contrast) PairsInDirection() int {
	count := 0
	for _, p := range c.Pairs {
		if c.Alternative == Less && p.Difference < 0 || c.Alternative == Greater && p.Difference > 0 {
			count++
		}
	}
	return count
}

// contrasts lists which sets are compared and what memorization predicts.
var contrasts = []struct {
	a, b        Set
	alternative Alternative
}{
	{Candidate, Shared, Greater},
	{Candidate, External, Greater},
	{Candidate, Independent, Greater},
	{Independent, Shared, Less},
}

// Summarize computes the statistics of s on the scale n. The order of the
// points does not matter, not even in the last bit. It returns an error if s
// is not valid (see [Scores.Validate]) or n is not a normalisation, and
// changes nothing in s.
func Summarize(s *Scores, n Normalisation) (*Summary, error) {
	if _, err := ParseNormalisation(string(n)); err != nil {
		return nil, err
	}
	return SummarizeWith(s, SummaryOptions{Normalisation: n})
}

// SummarizeWith is [Summarize] with options. It is an error too to take away an
// offset of S_E without points of S_E.
func SummarizeWith(s *Scores, o SummaryOptions) (*Summary, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	s = s.canonical()
	values := s.values(o.Normalisation)
	if o.Offset == ExternalOffset {
		external := s.In(External)
		if len(external) == 0 {
			return nil, fmt.Errorf("mem: there are no points of S_E whose mean could be taken away; score some, or take offset %s", NoOffset)
		}
		values.without(external)
	}
	sum := &Summary{
		Normalisation: o.Normalisation, Offset: o.Offset, Points: s.Len(), Tau: undefined,
		Reliability: values.reliability(), AcrossPairs: values.acrossPairs(), Thresholds: evenly(values.m),
	}
	for _, p := range s.Pairs {
		sum.Seeds = append(sum.Seeds, p.Seed)
	}
	var sets [NumSets]scoreValues
	for _, set := range Sets() {
		sets[set] = values.at(s.In(set))
	}
	external := undefined
	if e := sets[External].m; len(e) > 0 {
		sum.Tau = Number(Quantile(e, tauQuantile))
		mean, _ := meanVariance(e)
		external = Number(mean)
	}
	var bootstraps [NumSets]meanBootstrap
	for _, set := range Sets() {
		if v := sets[set]; len(v.m) > 0 {
			bootstraps[set] = newMeanBootstrap(v.m, o.Resamples, o.Seed, uint64(set))
			summary := v.summary(set, sum.Tau, external)
			summary.Bootstrap = bootstraps[set].result()
			summary.AboveCurve = fractionCurve(v.m, sum.Thresholds)
			sum.Sets = append(sum.Sets, summary)
		}
	}
	for _, c := range contrasts {
		if a, b := sets[c.a], sets[c.b]; len(a.m) > 0 && len(b.m) > 0 {
			contrast := contrast(c.a, c.b, a, b, c.alternative, sum.Seeds)
			contrast.Details = ContrastDetails{
				Student: Student(a.m, b.m, c.alternative), Effect: Effect(a.m, b.m),
				Bootstrap:   bootstraps[c.a].minus(bootstraps[c.b]).result(),
				Permutation: Permutation(a.m, b.m, c.alternative, o.Resamples, o.Seed), KS: KolmogorovSmirnov(a.m, b.m),
			}
			sum.Contrasts = append(sum.Contrasts, contrast)
		}
	}
	sum.Classes = s.classes(values.m)
	sum.Warnings = s.warnings(sum.Contrasts)
	return sum, nil
}

// Set returns the summary of one set, and false if it has no points.
func (s *Summary) Set(set Set) (SetSummary, bool) {
	for _, v := range s.Sets {
		if v.Set == set {
			return v, true
		}
	}
	return SetSummary{}, false
}

// Contrast returns the contrast of set a with set b, and false if there is
// none.
func (s *Summary) Contrast(a, b Set) (Contrast, bool) {
	for _, c := range s.Contrasts {
		if c.A == a && c.B == b {
			return c, true
		}
	}
	return Contrast{}, false
}

// canonical returns s with its points ordered by set and dataset index, so
// that sums over points do not depend on the order of s.
func (s *Scores) canonical() *Scores {
	positions := make([]int, s.Len())
	for i := range positions {
		positions[i] = i
	}
	slices.SortFunc(positions, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.Set[a], s.Set[b]), cmp.Compare(s.Index[a], s.Index[b]))
	})
	return s.Select(positions)
}

// scoreValues are scores on one scale: of all pairs together, of each half of
// the views (nil where not measured) and of each pair alone.
type scoreValues struct {
	m     []float64
	half  [2][]float64
	pairs [][]float64
}

func (s *Scores) values(n Normalisation) scoreValues {
	v := scoreValues{m: s.M(n)}
	if s.HasHalves() {
		v.half = [2][]float64{s.HalfM(0, n), s.HalfM(1, n)}
	}
	for k := range s.Pairs {
		v.pairs = append(v.pairs, s.PairM(k, n))
	}
	return v
}

// at returns the values of the points at the given positions.
func (v scoreValues) at(positions []int) scoreValues {
	w := scoreValues{m: pick(v.m, positions)}
	for h := range v.half {
		w.half[h] = pick(v.half[h], positions)
	}
	for _, p := range v.pairs {
		w.pairs = append(w.pairs, pick(p, positions))
	}
	return w
}

func (v scoreValues) reliability() Reliability { return SplitHalf(v.half[0], v.half[1]) }

func (v scoreValues) summary(set Set, tau, external Number) SetSummary {
	mean, variance := meanVariance(v.m)
	sum := SetSummary{
		Set: set, N: len(v.m),
		Mean: Number(mean), SD: Number(math.Sqrt(variance)), CI: meanInterval(mean, variance, len(v.m)),
		Median:        Number(Quantile(v.m, 0.5)),
		OffsetMean:    Number(mean) - external,
		FractionAbove: undefined,
		Reliability:   v.reliability(),
	}
	if tau.Defined() {
		sum.FractionAbove = Number(FractionAbove(v.m)(float64(tau)))
	}
	for _, p := range v.pairs {
		mean, _ := meanVariance(p)
		sum.PairMeans = append(sum.PairMeans, Number(mean))
	}
	return sum
}

func contrast(setA, setB Set, a, b scoreValues, alternative Alternative, seeds []uint64) Contrast {
	meanA, _ := meanVariance(a.m)
	meanB, _ := meanVariance(b.m)
	c := Contrast{
		A: setA, B: setB, MeanA: Number(meanA), MeanB: Number(meanB),
		Comparison: Welch(a.m, b.m, alternative),
	}
	for k, seed := range seeds {
		c.Pairs = append(c.Pairs, PairComparison{seed, Welch(a.pairs[k], b.pairs[k], alternative)})
	}
	return c
}
