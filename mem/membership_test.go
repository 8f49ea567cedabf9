package mem

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// memberPair is what f and g of a pair make of n points of each set: an encoder finds
// the views of what it saw more alike, by gain standard deviations.
func memberPair(pair, n int, gain float64) MembershipPair {
	r := rand.New(rand.NewPCG(uint64(pair), 9))
	p := MembershipPair{Pair: pair}
	see := func(saw bool) ViewSimilarities {
		var v ViewSimilarities
		for range n {
			mean := .1 * r.NormFloat64()
			if saw {
				mean += .1 * gain
			}
			row := make([]float64, 6)
			for k := range row {
				row[k] = mean + .02*r.NormFloat64()
			}
			slices.Sort(row)
			slices.Reverse(row)
			v.Cosine, v.Loss = append(v.Cosine, row), append(v.Loss, 1-mean)
		}
		return v
	}
	for _, set := range Sets() {
		p.F[set], p.G[set] = see(set == Candidate), see(set == Independent)
		for i := range n {
			p.Index[set] = append(p.Index[set], 4*i+int(set))
		}
	}
	return p
}

func inferMembership(t *testing.T, o MembershipOptions, pairs ...MembershipPair) *MembershipReport {
	t.Helper()
	if o.Resamples == 0 {
		o.Resamples = 200
	}
	r, err := InferMembership(pairs, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Encoders that find their members' views more alike, by a known amount, are attacked
// with the success that follows: a difference of γ standard deviations has an AUC of
// Φ(γ/√2) and a best accuracy of Φ(γ/2).
func TestPlantedMembership(t *testing.T) {
	const gain = 1.5
	phi := func(z float64) float64 { return 1 - normalTail(z)/2 }
	for _, against := range []Set{Independent, External} {
		r := inferMembership(t, MembershipOptions{Against: against}, memberPair(0, 600, gain), memberPair(1, 600, gain))
		if r.Members != 600 || r.Others != 600 || r.Pairs != 2 || r.Views != 4 || len(r.Points) != 4*1200 || len(r.Attacks) != 4 {
			t.Fatalf("%+v", r)
		}
		for _, a := range r.Attacks[:3] {
			if math.Abs(a.AUC.Value-phi(gain/math.Sqrt2)) > .03 || math.Abs(a.Accuracy.Value-phi(gain/2)) > .03 {
				t.Errorf("against %v, %s: AUC %v, accuracy %v; want about %v and %v", against, a.Attack, a.AUC.Value, a.Accuracy.Value, phi(gain/math.Sqrt2), phi(gain/2))
			}
			if a.AUC.CI.Low < .5 || !a.AUC.CI.Contains(a.AUC.Value) || !a.Accuracy.CI.Contains(a.Accuracy.Value) || a.TPR1.Value < .03 || a.TPR01.Value > a.TPR1.Value {
				t.Errorf("against %v: %+v", against, a)
			}
		}
		// m moves by γ on members, and, against S_I, by −γ on others: d is γ/√2 or 2γ/√2.
		d := gain / math.Sqrt2
		if against == Independent {
			d *= 2
		}
		if m := r.Attacks[3]; math.Abs(m.AUC.Value-phi(d/math.Sqrt2)) > .03 {
			t.Errorf("against %v, m: AUC %v, want %v", against, m.AUC.Value, phi(d/math.Sqrt2))
		}
	}
}

// Equal encoders tell nothing: by what is not learned, exactly; and f and g exchanged
// turn the area around.
func TestMembershipSymmetries(t *testing.T) {
	o := MembershipOptions{Against: Independent, Seed: 5}
	p := memberPair(3, 50, 1)
	same := p
	same.G = same.F
	for _, a := range inferMembership(t, o, same).Attacks {
		if a.Attack != VectorAttack && math.Abs(a.AUC.Value-.5) > 1e-12 {
			t.Errorf("f = g: %s has AUC %v", a.Attack, a.AUC.Value)
		}
		// What was learned of g as a difference of the sets is wrong for f.
		if a.Attack == VectorAttack && a.AUC.Value > .5 {
			t.Errorf("f = g: %s has AUC %v", a.Attack, a.AUC)
		}
	}
	swapped := p
	swapped.F, swapped.G = p.G, p.F
	r, s := inferMembership(t, o, p), inferMembership(t, o, swapped)
	for k, a := range r.Attacks {
		if a.Attack != VectorAttack && math.Abs(a.AUC.Value+s.Attacks[k].AUC.Value-1) > 1e-12 {
			t.Errorf("%s: %v, and with f and g exchanged %v", a.Attack, a.AUC.Value, s.Attacks[k].AUC.Value)
		}
	}
	// The order of points has no effect on areas.
	moved := p
	for set := range moved.Index {
		moved.Index[set] = slices.Clone(p.Index[set])
		slices.Reverse(moved.Index[set])
		for _, v := range []*ViewSimilarities{&moved.F[set], &moved.G[set]} {
			v.Cosine, v.Loss = slices.Clone(v.Cosine), slices.Clone(v.Loss)
			slices.Reverse(v.Cosine)
			slices.Reverse(v.Loss)
		}
	}
	for k, a := range inferMembership(t, o, moved).Attacks {
		if a.Attack != VectorAttack && a.AUC.Value != r.Attacks[k].AUC.Value {
			t.Errorf("%s: %v, and in another order %v", a.Attack, r.Attacks[k].AUC.Value, a.AUC.Value)
		}
	}
	// A seed draws the same again, and half of each set is a fold.
	if again := inferMembership(t, o, p); fmt.Sprint(again) != fmt.Sprint(r) {
		t.Error("the same seed gives another report")
	}
	folds := 0
	for _, point := range r.Points {
		folds += point.Fold
	}
	if folds != len(r.Points)/2 {
		t.Errorf("%d of %d points are in the second fold", folds, len(r.Points))
	}
}

// No point is judged by what was learned from it: members whose similarities are noise,
// a row as long as there are points, cannot be told from others.
func TestMembershipDoesNotLeak(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	p := MembershipPair{}
	for _, set := range Sets() {
		var v ViewSimilarities
		for i := range 60 {
			row := make([]float64, 45)
			for k := range row {
				row[k] = r.NormFloat64()
			}
			v.Cosine, v.Loss = append(v.Cosine, row), append(v.Loss, 1)
			p.Index[set] = append(p.Index[set], i)
		}
		p.F[set], p.G[set] = v, v // one encoder: what was learned of g is of f
	}
	for _, a := range inferMembership(t, MembershipOptions{Against: External}, p).Attacks {
		if a.AUC.CI.Low > .5 || a.AUC.CI.High < .5 {
			t.Errorf("%s: AUC %+v of noise", a.Attack, a.AUC)
		}
	}
}

func TestMembershipRefuses(t *testing.T) {
	good := memberPair(0, 5, 1)
	nan, few, lost, other := memberPair(0, 5, 1), memberPair(0, 3, 1), good, memberPair(1, 6, 1)
	nan.G[Independent].Cosine[2][1] = math.NaN()
	lost.F[Candidate].Loss = nil
	narrow := memberPair(0, 5, 1)
	narrow.F[Candidate].Cosine[4] = []float64{1}
	for want, c := range map[string]struct {
		pairs []MembershipPair
		o     MembershipOptions
	}{
		"no pair":                {nil, MembershipOptions{Against: Independent}},
		"not from S_S":           {[]MembershipPair{good}, MembershipOptions{}},
		"1 resamples":            {[]MembershipPair{good}, MembershipOptions{Against: External, Resamples: 1}},
		"image 10 under pair 0":  {[]MembershipPair{nan}, MembershipOptions{Against: Independent}},
		"has 3 points":           {[]MembershipPair{few}, MembershipOptions{Against: Independent}},
		"losses of 0":            {[]MembershipPair{lost}, MembershipOptions{Against: Independent}},
		"other points in S_C":    {[]MembershipPair{good, other}, MembershipOptions{Against: Independent}},
		"6 similarities of view": {[]MembershipPair{narrow}, MembershipOptions{Against: Independent}},
	} {
		if _, err := InferMembership(c.pairs, c.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestMembershipFiles(t *testing.T) {
	r := inferMembership(t, MembershipOptions{Against: Independent}, memberPair(0, 50, 3))
	var text strings.Builder
	if err := r.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	if err != nil || len(rows) != 1+200 || strings.Join(rows[0], ",") != "pair,target,set,index,member,fold,mean,vector,loss,m" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if row := rows[1]; row[1] != "f" || row[2] != "S_C" || row[4] != "1" {
		t.Errorf("first row %v", row)
	}
	if row := rows[200]; row[1] != "g" || row[2] != "S_C" || row[4] != "0" {
		t.Errorf("last row %v", row)
	}
	text.Reset()
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4 views", "1 f/g pair", "chance", "All attacks", "below 0.02"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

// Similarities are those of the views that points are scored by.
func TestSimilarities(t *testing.T) {
	torchtest.NoLeak(t)
	d, members := plantedData(24)
	e := planted{[]float64{1. / 3}, .5}
	c := Scorer{
		Augment:  augment.Recipe{Name: "flips", Size: 6, Flip: .5, VFlip: .5, Mean: []float32{.5}, Std: []float32{1}},
		Distance: L2, Seed: 2, Views: 5, BatchSize: 16, Device: torch.CPU,
	}
	index := slices.Concat(members[:]...)
	v, err := c.Similarities(context.Background(), e, d, index)
	if err != nil || v.Len() != 24 {
		t.Fatal(v.Len(), err)
	}
	p, err := c.Pair(context.Background(), e, e, d, index, 0)
	if err != nil || !slices.Equal(p.F, v.Loss) {
		t.Errorf("losses %v, want %v: %v", v.Loss, p.F, err)
	}
	for i, row := range v.Cosine {
		if len(row) != 10 || !slices.IsSortedFunc(row, func(a, b float64) int { return cmp.Compare(b, a) }) {
			t.Fatalf("similarities %v", row)
		}
		// ‖a − b‖ = √(2 − 2·cos) of unit features.
		var loss float64
		for _, cos := range row {
			loss += math.Sqrt(max(0, 2-2*cos)) / 10
		}
		if math.Abs(loss-v.Loss[i]) > 1e-6 {
			t.Errorf("similarities give a loss of %v, want %v", loss, v.Loss[i])
		}
	}
	c.Rule, c.Views = RawAnchor, 1
	if _, err := c.Similarities(context.Background(), e, d, index); err == nil || !strings.Contains(err.Error(), "at least 2") {
		t.Errorf("of one view: %v", err)
	}
	c.Rule, c.Views = AllViewPairs, 2
	broken := encoderFunc(func(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1).MulScalar(math.Inf(1)) })
	if _, err := c.Similarities(context.Background(), broken, d, index); err == nil || !strings.Contains(err.Error(), "image ") {
		t.Errorf("of features that are infinite: %v", err)
	}
}
