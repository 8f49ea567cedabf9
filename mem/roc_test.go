package mem

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The area is the share of pairs that a member wins, where ties count half.
func TestAUC(t *testing.T) {
	for _, c := range []struct {
		members, others []float64
		want            float64
	}{
		{[]float64{3, 2}, []float64{1, 2}, .875}, {[]float64{1, 1}, []float64{1}, .5}, {[]float64{2}, []float64{1, 0}, 1}, {[]float64{-1}, []float64{1, 0}, 0},
		{[]float64{math.Inf(1), 0}, []float64{math.Inf(-1), 0}, .875}, {nil, []float64{1}, math.NaN()},
	} {
		if got := AUC(c.members, c.others); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("AUC of %v and %v is %v, want %v", c.members, c.others, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		members, others := make([]float64, 1+r.IntN(30)), make([]float64, 1+r.IntN(30))
		for i := range members {
			members[i] = float64(r.IntN(9))
		}
		for i := range others {
			others[i] = float64(r.IntN(8))
		}
		var wins float64
		for _, m := range members {
			for _, o := range others {
				switch {
				case m > o:
					wins++
				case m == o:
					wins += .5
				}
			}
		}
		if got, want := AUC(members, others), wins/float64(len(members)*len(others)); math.Abs(got-want) > 1e-12 {
			t.Errorf("AUC %v, want %v", got, want)
		}
		if sum := AUC(members, others) + AUC(others, members); math.Abs(sum-1) > 1e-12 {
			t.Errorf("with the sides exchanged they sum to %v", sum)
		}
	}
}

func TestTPR(t *testing.T) {
	others := make([]float64, 200)
	for i := range others {
		others[i] = float64(i)
	}
	members := []float64{199.5, 198.5, 197.5, 197, 3}
	for fpr, want := range map[float64]float64{0: .2, .001: .2, .005: .4, .01: .6, .0149: .6, .015: .8, 1: 1} {
		if got := TPR(members, others, fpr); math.Abs(got-want) > 1e-12 {
			t.Errorf("at a false positive rate of %v: %v, want %v", fpr, got, want)
		}
	}
	// A threshold lets in all that are equal, or none.
	if got := TPR([]float64{1, 1}, []float64{1, 0}, .4); got != 0 {
		t.Errorf("of ties %v", got)
	}
	if !math.IsNaN(TPR(nil, others, .1)) {
		t.Error("without members it is a number")
	}
}

func TestThreshold(t *testing.T) {
	for _, c := range []struct {
		members, others     []float64
		threshold, accuracy float64
	}{
		{[]float64{3, 4}, []float64{1, 2}, 2.5, 1},
		{[]float64{1, 4}, []float64{2, 3}, 3.5, .75},
		{[]float64{1, 2}, []float64{3, 4}, math.Inf(1), .5},
		{[]float64{1, 1}, []float64{1, 1}, math.Inf(1), .5},
		{[]float64{2, 2, 2, 0}, []float64{2, 0}, 1, .625},
	} {
		threshold, accuracy := newROC(c.members, c.others).threshold()
		if threshold != c.threshold || math.Abs(accuracy-c.accuracy) > 1e-12 {
			t.Errorf("%v and %v: from %v on, accuracy %v; want %v, %v", c.members, c.others, threshold, accuracy, c.threshold, c.accuracy)
		}
	}
}

// A point that counts twice is as two points.
func TestROCWithWeights(t *testing.T) {
	members, others := []float64{1, 2, 5}, []float64{0, 2, 3}
	r := newROC(members, others)
	m, o := []int{2, 0, 1}, []int{1, 2, 0}
	twice := newROC([]float64{1, 1, 5}, []float64{0, 2, 2})
	if got, want := r.auc(m, o), twice.auc(nil, nil); math.Abs(got-want) > 1e-12 {
		t.Errorf("AUC %v, want %v", got, want)
	}
	if got, want := r.tpr(.5, m, o), twice.tpr(.5, nil, nil); got != want {
		t.Errorf("TPR %v, want %v", got, want)
	}
}

// Of one feature, that is 1 for three of four members and one of four others, the log
// odds are ±ln 3, whatever the numbers of members and others.
func TestLogisticInClosedForm(t *testing.T) {
	one, zero := []float64{1}, []float64{0}
	members := [][]float64{one, one, one, zero}
	others := slices.Repeat([][]float64{zero, one, zero, zero}, 5)
	l, err := fitLogistic(members, others, 1e-12)
	if err != nil || math.Abs(l.logit(one)-math.Log(3)) > 1e-6 || math.Abs(l.logit(zero)+math.Log(3)) > 1e-6 {
		t.Errorf("log odds %v and %v, %v; want ±%v", l.logit(one), l.logit(zero), err, math.Log(3))
	}
}

// The optimum has no gradient, also of features that depend on each other or that are
// constant, and where the classes can be told apart.
func TestLogisticIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rows := func(n int, shift float64) [][]float64 {
		out := make([][]float64, n)
		for i := range out {
			x := r.NormFloat64() + shift
			out[i] = []float64{x, 2*x + 1e-3*r.NormFloat64(), 7, 1e6 * r.NormFloat64()}
		}
		return out
	}
	for _, shift := range []float64{0, 1, 50} {
		members, others := rows(40, shift), rows(60, 0)
		const decay = 1e-3
		l, err := fitLogistic(members, others, decay)
		if err != nil {
			t.Fatal(err)
		}
		gradient := make([]float64, 5)
		for k := range 4 {
			gradient[k] = decay * l.weight[k]
		}
		for side, rows := range [][][]float64{members, others} {
			for _, row := range rows {
				x := l.standardize(row)
				slope := .5 / float64(len(rows)) * (sigmoid(l.logit(row)) - float64(1-side))
				for k, v := range x {
					gradient[k] += slope * v
				}
			}
		}
		for k, g := range gradient {
			if math.Abs(g) > 1e-7 {
				t.Errorf("shift %v: gradient %d is %v", shift, k, g)
			}
		}
		if l.weight[2] != 0 {
			t.Errorf("a constant feature has weight %v", l.weight[2])
		}
	}
}
