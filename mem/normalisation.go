package mem

import (
	"cmp"
	"fmt"
	"slices"
)

// Normalisation names the scale on which m(x) is reported. The literature uses
// several and often does not say which; none changes the sign of m(x) of a
// single pair of encoders.
type Normalisation string

// The normalisations. L_f and L_g are the alignment losses of one point, and
// with several pairs of encoders "mean" is the mean over pairs.
const (
	// Raw is m = mean(L_g − L_f), in units of the distance. It is the default:
	// with unit features the scale is the same for every encoder.
	// (Wang et al., "Memorization in Self-Supervised Learning Improves
	// Downstream Generalization", ICLR 2024, arXiv:2401.12233.)
	Raw Normalisation = "raw"
	// Range is Raw divided by (max m − min m) over all scored points, the four
	// sets together. Nothing is subtracted, so zero stays zero, and the result
	// lies in [−1, 1] if scores of both signs occur. It is how the code
	// published with arXiv:2401.12233 scales scores; the scale depends on
	// which points were scored. If all points have the same m there is no
	// scale and the result is 0.
	Range Normalisation = "range"
	// Ratio is mean((L_g − L_f)/(L_g + L_f)), in [−1, 1]; 0/0 is 0. It depends
	// on the point alone and not on the other points.
	// (Wang et al., "Localizing Memorization in SSL Vision Encoders",
	// NeurIPS 2024, arXiv:2409.19069, equation 2, for one layer.)
	Ratio Normalisation = "ratio"
)

// Normalisations returns all normalisations, the default first.
func Normalisations() []Normalisation { return []Normalisation{Raw, Range, Ratio} }

// ParseNormalisation returns the normalisation of the given name.
func ParseNormalisation(name string) (Normalisation, error) {
	for _, n := range Normalisations() {
		if string(n) == name {
			return n, nil
		}
	}
	return "", fmt.Errorf("mem: %q is not a normalisation; use one of %s", name, joinNames(Normalisations()))
}

// M returns the memorization score m(x) of every point, [N]: the mean over all
// pairs of encoders on the scale n. With no pair it is all zero. It panics if
// n is not one of [Normalisations].
func (s *Scores) M(n Normalisation) []float64 {
	return s.mean(n, s.Pairs, whole)
}

// PairM returns the memorization score of every point under pair k alone, [N].
// With [Range] the scale is that of the pair. It panics if there is no pair k
// or if n is not one of [Normalisations].
func (s *Scores) PairM(k int, n Normalisation) []float64 {
	return s.mean(n, s.Pairs[k:k+1], whole)
}

// HalfM returns the memorization score of every point from one half (0 or 1)
// of the views alone, [N], averaged over the pairs. It panics if a pair lacks
// the halves (see [Scores.HasHalves]).
func (s *Scores) HalfM(half int, n Normalisation) []float64 {
	return s.mean(n, s.Pairs, func(p PairLoss) (f, g []float64) { return p.FHalf[half], p.GHalf[half] })
}

// whole selects the losses from all views of a pair.
func whole(p PairLoss) (f, g []float64) { return p.F, p.G }

// mean computes the score of every point over the given pairs.
func (s *Scores) mean(n Normalisation, pairs []PairLoss, losses func(PairLoss) (f, g []float64)) []float64 {
	score := func(f, g float64) float64 { return g - f }
	switch n {
	case Raw, Range:
	case Ratio:
		score = ratio
	default:
		panic(fmt.Sprintf("mem: %q is not a normalisation; use one of %s", string(n), joinNames(Normalisations())))
	}
	m := make([]float64, s.Len())
	if len(pairs) == 0 {
		return m
	}
	for _, p := range pairs {
		f, g := losses(p)
		for i := range m {
			m[i] += score(f[i], g[i])
		}
	}
	for i := range m {
		m[i] /= float64(len(pairs))
	}
	if n == Range {
		divideByRange(m)
	}
	return m
}

// ratio returns (g − f)/(g + f), and 0 where both losses are 0.
func ratio(f, g float64) float64 {
	if f == g {
		return 0
	}
	return (g - f) / (g + f)
}

// divideByRange divides m by its maximum less its minimum, in place.
func divideByRange(m []float64) {
	if len(m) == 0 {
		return
	}
	scale := slices.Max(m) - slices.Min(m)
	for i := range m {
		if scale == 0 {
			m[i] = 0
			continue
		}
		m[i] /= scale
	}
}

// LossF returns L_f(x) of every point, averaged over the pairs, [N].
func (s *Scores) LossF() []float64 {
	return s.meanLoss(func(p PairLoss) []float64 { return p.F })
}

// LossG returns L_g(x) of every point, averaged over the pairs, [N].
func (s *Scores) LossG() []float64 {
	return s.meanLoss(func(p PairLoss) []float64 { return p.G })
}

func (s *Scores) meanLoss(losses func(PairLoss) []float64) []float64 {
	mean := make([]float64, s.Len())
	for _, p := range s.Pairs {
		for i, v := range losses(p) {
			mean[i] += v / float64(len(s.Pairs))
		}
	}
	return mean
}

// Rank returns the positions of the points of a set from the most to the least
// memorized, on the scale n. Equal scores are ordered by dataset index.
func (s *Scores) Rank(set Set, n Normalisation) []int {
	m := s.M(n)
	positions := s.In(set)
	slices.SortFunc(positions, func(a, b int) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(s.Index[a], s.Index[b]))
	})
	return positions
}
