package mem

import (
	"context"
	"encoding/csv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// answers are those of a model that is right about the first of n points, as many as
// right says, and equally confident of all.
func answers(n, right int) LabelInference {
	l := *newInference(n)
	for i := range n {
		wrong := 0
		if i >= right {
			wrong = 1
		}
		l.Label, l.Place, l.Confidence = append(l.Label, wrong), append(l.Place, wrong), append(l.Confidence, -1)
	}
	return l
}

// attack is one on as many points as the answers are of.
func attack(set Set, pair int, target, reference LabelInference) DejaVuAttack {
	a := DejaVuAttack{Set: set, Pair: pair, Class: make([]int, target.Len()), Target: target, Reference: reference}
	for i := range target.Len() {
		a.Index = append(a.Index, 10*i+int(set))
	}
	return a
}

func dejaVu(t *testing.T, attacks ...DejaVuAttack) *DejaVuReport {
	t.Helper()
	r, err := DejaVu(attacks, DejaVuOptions{Resamples: 400, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

// The average over both directions: target (.7 + .5)/2, reference (.3 + .5)/2.
func TestDejaVuScore(t *testing.T) {
	r := dejaVu(t, attack(Candidate, 0, answers(100, 70), answers(100, 30)), attack(Independent, 0, answers(100, 50), answers(100, 50)))
	if r.Points != 200 || r.Pairs != 1 || len(r.Levels) != 3 || len(r.Curve) != 100 {
		t.Fatalf("%+v", r)
	}
	// All are equally confident, so that every share has the same accuracy.
	for k, n := range []int{100, 20, 5} {
		l := r.Levels[k]
		if !near(l.Target, .6) || !near(l.Reference, .4) || !near(l.Score, .2) || l.N != n {
			t.Errorf("share %v of %d points: %v − %v = %v, want .6 − .4 = .2 of %d", l.Share, l.N, l.Target, l.Reference, l.Score, n)
		}
		if l.Target5 != 1 || l.Score5 != 0 {
			t.Errorf("top-5 %v, score %v: a second place is among five", l.Target5, l.Score5)
		}
	}
	if first, last := r.Curve[0], r.Curve[99]; first.Share != .1 || !near(last.Share, 1) || !near(last.Target-last.Reference, .2) {
		t.Errorf("curve from %+v to %+v", first, last)
	}
	// 40 of 200 points only the target knows, 80 both.
	if !near(r.Memorized, .2) || r.Forgotten != 0 || !near(r.Correlated, .4) || !near(r.Unassociated, .4) {
		t.Errorf("outcomes %+v", r)
	}
	// The interval of a mean difference of points 1 or 0 in 40 of 100, over two sets.
	if l := r.Levels[0]; !l.CI.Contains(.2) || math.Abs(float64(l.CI.High-l.CI.Low)-2*1.96*math.Sqrt(.4*.6/100)/2) > .02 {
		t.Errorf("interval %+v", l.CI)
	}
}

// The confident points alone, by the confidence of each model itself.
func TestDejaVuOfTheConfident(t *testing.T) {
	target, reference := answers(10, 2), answers(10, 5)
	for i := range 10 {
		target.Confidence[i] = -float64(i)        // most of what it is right about
		reference.Confidence[i] = float64(i) - 10 // least
	}
	r, err := DejaVu([]DejaVuAttack{attack(Candidate, 0, target, reference)}, DejaVuOptions{Shares: []float64{1, .4, .2, .01}, Resamples: 2})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range [][2]float64{{.2, .5}, {.5, 0}, {1, 0}, {1, 0}} {
		if l := r.Levels[k]; !near(l.Target, want[0]) || !near(l.Reference, want[1]) {
			t.Errorf("share %v: %v and %v, want %v", l.Share, l.Target, l.Reference, want)
		}
	}
	if n := r.Levels[3].N; n != 1 {
		t.Errorf("the least share has %d points, want 1", n)
	}
	// Three are equally confident, one of which is right, and two have room.
	tied := answers(4, 2)
	tied.Confidence = []float64{0, -1, -1, -1}
	if got := rankAttacks([]DejaVuAttack{attack(Candidate, 0, tied, tied)}, 1)[0].sides[0].accuracy(3, nil); !near(got, (1+2./3)/3) {
		t.Errorf("accuracy with a tie %v", got)
	}
	// In the one-model form both are ordered by the difference of the entropies.
	one := attack(Candidate, 0, target, reference).OneModel()
	if c := one.Target.Confidence; c[0] != 10 || c[9] != -8 || !slices.Equal(c, one.Reference.Confidence) {
		t.Errorf("joint confidences %v", c)
	}
}

// randomAttacks are two pairs' attacks.
func randomAttacks(seed uint64) []DejaVuAttack {
	r := rand.New(rand.NewPCG(seed, 1))
	model := func() LabelInference {
		l := answers(50, 0)
		for i := range l.Place {
			l.Place[i], l.Confidence[i] = r.IntN(4), -float64(r.IntN(6))
		}
		return l
	}
	var attacks []DejaVuAttack
	for pair := range 2 {
		attacks = append(attacks, attack(Candidate, pair, model(), model()), attack(Independent, pair, model(), model()))
	}
	return attacks
}

// f and g exchanged give the score with the other sign, and the order of the points
// has no effect.
func TestDejaVuSymmetries(t *testing.T) {
	attacks := randomAttacks(4)
	r := dejaVu(t, attacks...)
	swapped := slices.Clone(attacks)
	for k, a := range attacks {
		swapped[k].Target, swapped[k].Reference = a.Reference, a.Target
	}
	s := dejaVu(t, swapped...)
	for k := range r.Levels {
		if r.Levels[k].Score != -s.Levels[k].Score || r.Levels[k].Score5 != -s.Levels[k].Score5 {
			t.Errorf("scores %v and %v", r.Levels[k], s.Levels[k])
		}
		if a, b := r.Levels[k].CI, s.Levels[k].CI; math.Abs(float64(a.Low+b.High)) > 1e-12 {
			t.Errorf("intervals %v and %v", a, b)
		}
	}
	if r.Memorized != s.Forgotten || r.Correlated != s.Correlated || !near(r.Levels[0].Score, r.Memorized-r.Forgotten) {
		t.Errorf("outcomes %+v and %+v", r, s)
	}
	order := rand.New(rand.NewPCG(2, 2)).Perm(50)
	for k := range attacks {
		a := &attacks[k]
		shuffle := func(x []int) []int {
			out := make([]int, len(x))
			for to, from := range order {
				out[to] = x[from]
			}
			return out
		}
		a.Index, a.Class = shuffle(a.Index), shuffle(a.Class)
		for _, l := range []*LabelInference{&a.Target, &a.Reference} {
			old := l.Confidence
			l.Label, l.Place, l.Confidence = shuffle(l.Label), shuffle(l.Place), make([]float64, 50)
			for to, from := range order {
				l.Confidence[to] = old[from]
			}
		}
	}
	p := dejaVu(t, attacks...)
	for k := range r.Levels {
		if a, b := r.Levels[k], p.Levels[k]; a.Target != b.Target || a.Reference != b.Reference || a.Target5 != b.Target5 {
			t.Errorf("share %v: %v %v in order, %v %v in another", a.Share, a.Target, a.Reference, b.Target, b.Reference)
		}
	}
	if !slices.Equal(r.Curve, p.Curve) {
		t.Error("the curve depends on the order of the points")
	}
}

func TestDejaVuRefuses(t *testing.T) {
	good := attack(Candidate, 0, answers(5, 2), answers(5, 1))
	other := attack(Candidate, 1, answers(4, 2), answers(4, 1))
	short, nan, shared, classless := good, good, good, good
	short.Reference = answers(4, 1)
	nan.Target.Confidence = []float64{0, math.NaN(), 0, 0, 0}
	shared.Set = Shared
	classless.Class = nil
	for want, c := range map[string]struct {
		attacks []DejaVuAttack
		o       DejaVuOptions
	}{
		"no attack":             {nil, DejaVuOptions{}},
		"of different points":   {[]DejaVuAttack{good, other}, DejaVuOptions{}},
		"classes of 4":          {[]DejaVuAttack{short}, DejaVuOptions{}},
		"NaN, that of image 11": {[]DejaVuAttack{nan}, DejaVuOptions{}},
		"on S_S":                {[]DejaVuAttack{shared}, DejaVuOptions{}},
		"the classes of 0":      {[]DejaVuAttack{classless}, DejaVuOptions{}},
		"a share of 1.5":        {[]DejaVuAttack{good}, DejaVuOptions{Shares: []float64{1.5}}},
		"1 resamples":           {[]DejaVuAttack{good}, DejaVuOptions{Resamples: 1}},
	} {
		if _, err := DejaVu(c.attacks, c.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestEntropy(t *testing.T) {
	for _, c := range []struct {
		counts []float64
		want   float64
	}{
		{[]float64{0, 100, 0}, 0}, {[]float64{5, 5}, math.Ln2}, {[]float64{1, 1, 1, 1}, math.Log(4)}, {[]float64{3, 1}, 2*math.Ln2 - .75*math.Log(3)}, {nil, 0}, {[]float64{0}, 0},
	} {
		if got := Entropy(c.counts); !near(got, c.want) {
			t.Errorf("entropy of %v is %v, want %v", c.counts, got, c.want)
		}
	}
}

// A neighbor has one vote, ties go to the nearest, and k may be no more than there are.
func TestInferByNeighbors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	public := torch.FromSlice(s, []float32{0, 1, 2, 10, 11, 30}, 6, 1)
	labels := []int{0, 1, 1, 2, 2, 0}
	queries := torch.FromSlice(s, []float32{.4, 10.4, .4, 20}, 4, 1)
	truth := []int{0, 2, 3, 0}
	infer := func(k int) LabelInference {
		l, err := InferByNeighbors(context.Background(), public, labels, queries, truth, 4, k)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	two := infer(2)
	// .4: votes for 0 and 1, 0 nearest; 10.4: both for 2; nothing speaks for class 3;
	// 20: 11 is nearest, and of 10 and 30, which are as near, the first is taken.
	if !slices.Equal(two.Label, []int{0, 2, 0, 2}) || !slices.Equal(two.Place, []int{0, 0, 4, 4}) {
		t.Errorf("k 2: %+v", two)
	}
	for i, want := range []float64{-math.Ln2, 0, -math.Ln2, 0} {
		if !near(two.Confidence[i], want) {
			t.Errorf("confidence %d is %v, want %v", i, two.Confidence[i], want)
		}
	}
	if three := infer(3); !slices.Equal(three.Label, []int{1, 2, 1, 2}) || !slices.Equal(three.Place, []int{1, 0, 4, 1}) {
		t.Errorf("k 3: %+v", three)
	}
	if all := infer(6); !near(all.Confidence[0], -math.Log(3)) {
		t.Errorf("all neighbors: %+v", all)
	}
	bad := torch.FromSlice(s, []float32{0, 1, 2, float32(math.NaN()), 11, 30}, 6, 1)
	for want, call := range map[string]func() (LabelInference, error){
		"k from 1 to 6": func() (LabelInference, error) {
			return InferByNeighbors(context.Background(), public, labels, queries, truth, 4, 7)
		},
		"k is 0": func() (LabelInference, error) {
			return InferByNeighbors(context.Background(), public, labels, queries, truth, 4, 0)
		},
		"is of class 3": func() (LabelInference, error) {
			return InferByNeighbors(context.Background(), public, labels, queries, truth, 3, 2)
		},
		"NaN or infinite": func() (LabelInference, error) {
			return InferByNeighbors(context.Background(), bad, labels, queries, truth, 4, 2)
		},
		"one row and one class": func() (LabelInference, error) {
			return InferByNeighbors(context.Background(), public, labels[1:], queries, truth, 4, 2)
		},
		"of one encoder": func() (LabelInference, error) {
			return InferByNeighbors(context.Background(), public, labels, queries.Repeat([]int{1, 2}), truth, 4, 2)
		},
		"no features": func() (LabelInference, error) {
			return InferByNeighbors(context.Background(), nil, labels, queries, truth, 4, 2)
		},
		"no distribution": func() (LabelInference, error) { return InferByProbabilities([][]float64{{0, 0}}, []int{0}) },
		"classes of 0":    func() (LabelInference, error) { return InferByProbabilities([][]float64{{1}}, nil) },
		"is of class 2":   func() (LabelInference, error) { return InferByProbabilities([][]float64{{.5, .5}}, []int{2}) },
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := InferByNeighbors(ended, public, labels, queries, truth, 4, 2); err != context.Canceled {
		t.Errorf("%v after the context has ended", err)
	}
}

func TestInferByProbabilities(t *testing.T) {
	l, err := InferByProbabilities([][]float64{{.5, .5, 0}, {.25, .25, .5}, {1, 0, 0}}, []int{1, 2, 1})
	if err != nil || !slices.Equal(l.Label, []int{0, 2, 0}) || !slices.Equal(l.Place, []int{1, 0, 3}) || !near(l.Confidence[1], -1.5*math.Ln2) || l.Confidence[2] != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestDejaVuFiles(t *testing.T) {
	var text strings.Builder
	attacks := randomAttacks(1)
	if err := WriteDejaVuCSV(&text, attacks); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	if err != nil || len(rows) != 1+200 || len(rows[0]) != 11 || rows[150][1] != "S_C" && rows[151][1] != "S_I" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	text.Reset()
	r := dejaVu(t, attack(Candidate, 0, answers(100, 70), answers(100, 30)))
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"100 points, 1 f/g pair", "70.0 %", "+40.0", "40.0 % are memorized", "more often than the reference on all points, and on the 20.0 % that each"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}
