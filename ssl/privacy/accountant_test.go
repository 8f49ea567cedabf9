package privacy_test

import (
	"math"
	"strings"
	"testing"

	"sslmem/ssl/privacy"
)

func epsilon(t *testing.T, orders []float64, sigma, q float64, steps int, delta float64, bound privacy.Bound) privacy.Spent {
	t.Helper()
	a := privacy.Accountant{Orders: orders}
	if err := a.Compose(sigma, q, steps); err != nil {
		t.Fatal(err)
	}
	s, err := a.Epsilon(delta, bound)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tensorFlowOrders are those of compute_dp_sgd_privacy of TensorFlow Privacy.
func tensorFlowOrders() []float64 {
	orders := []float64{1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 4.5}
	for order := 5; order < 64; order++ {
		orders = append(orders, float64(order))
	}
	return append(orders, 128, 256, 512)
}

// ε that others have published: TensorFlow Privacy in compute_dp_sgd_privacy_test.py, by
// the classic bound up to version 0.7 and by the improved one later, and Opacus in
// accountants_test.py.
func TestEpsilonAsPublished(t *testing.T) {
	steps := func(images, batch, epochs int) int { return (epochs*images + batch - 1) / batch }
	for _, c := range []struct {
		name   string
		orders []float64
		sigma  float64
		q      float64
		steps  int
		delta  float64
		bound  privacy.Bound
		want   float64
		order  float64 // 0 if it was not published
	}{
		{"TensorFlow Privacy, 60,000", tensorFlowOrders(), 1.3, 150. / 60000, steps(60000, 150, 15), 1e-5, privacy.Improved, .7242234026109595, 19},
		{"TensorFlow Privacy, 100,000", tensorFlowOrders(), 1, 100. / 100000, steps(100000, 100, 30), 1e-7, privacy.Improved, 1.4154988495444845, 13},
		{"TensorFlow Privacy, little noise", tensorFlowOrders(), .1, 1024. / 1e8, steps(1e8, 1024, 10), 1e-7, privacy.Improved, 5907982.31138195, 1.25},
		{"TensorFlow Privacy 0.7, 60,000", tensorFlowOrders(), 1.3, 150. / 60000, steps(60000, 150, 15), 1e-5, privacy.Classic, .941870567, 19},
		{"TensorFlow Privacy 0.7, 100,000", tensorFlowOrders(), 1, 100. / 100000, steps(100000, 100, 30), 1e-7, privacy.Classic, 1.70928734, 13},
		{"Opacus", nil, 1.5, .04, 2250, 1e-5, privacy.Improved, 7.32911117143, 0},
	} {
		got := epsilon(t, c.orders, c.sigma, c.q, c.steps, c.delta, c.bound)
		if relative(got.Epsilon, c.want) > 1e-8 || c.order != 0 && got.Order != c.order {
			t.Errorf("%s: ε %v at order %v, want %v at %v", c.name, got.Epsilon, got.Order, c.want, c.order)
		}
	}
}

// A Gaussian mechanism of one step is (1, 1e-6)-private with this σ by fine orders, as
// TensorFlow Privacy tests; its exact ε (Balle and Wang 2018, arXiv 1805.06530, theorem 8)
// is below what is counted.
func TestEpsilonOfOneGaussian(t *testing.T) {
	var orders []float64
	for i := 1001; i < 100000; i++ {
		orders = append(orders, float64(i)/1000)
	}
	if got := epsilon(t, orders, 4.530877117, 1, 1, 1e-6, privacy.Improved); math.Abs(got.Epsilon-1) > 1e-6 {
		t.Errorf("ε %v, want 1", got.Epsilon)
	}
	for _, sigma := range []float64{.5, 1, 4} {
		got := epsilon(t, nil, sigma, 1, 1, 1e-5, privacy.Improved).Epsilon
		phi := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
		delta := phi(1/(2*sigma)-got*sigma) - math.Exp(got)*phi(-1/(2*sigma)-got*sigma)
		if !(delta > 0 && delta <= 1e-5) {
			t.Errorf("σ %v: at ε %v the exact δ is %v, above 1e-5", sigma, got, delta)
		}
	}
}

// Less noise, larger samples, more steps and a smaller δ cost more.
func TestEpsilonIsMonotonic(t *testing.T) {
	type setting struct {
		sigma, q float64
		steps    int
		delta    float64
	}
	at := func(s setting) float64 {
		return epsilon(t, nil, s.sigma, s.q, s.steps, s.delta, privacy.Improved).Epsilon
	}
	for _, s := range []setting{{1, .01, 1000, 1e-5}, {.6, .2, 100, 1e-3}, {4, .5, 10, 1e-7}, {20, .001, 100000, 1e-9}} {
		e := at(s)
		for name, more := range map[string]setting{
			"noise": {s.sigma * .98, s.q, s.steps, s.delta}, "samples": {s.sigma, s.q * 1.02, s.steps, s.delta},
			"steps": {s.sigma, s.q, s.steps + s.steps/10, s.delta}, "delta": {s.sigma, s.q, s.steps, s.delta / 2},
		} {
			if got := at(more); !(got > e) {
				t.Errorf("%+v costs %v; with other %s, %+v, it costs %v, which is not more", s, e, name, more, got)
			}
		}
		if classic := epsilon(t, nil, s.sigma, s.q, s.steps, s.delta, privacy.Classic).Epsilon; classic < e {
			t.Errorf("%+v: the classic ε %v is below the improved one %v", s, classic, e)
		}
	}
}

// Steps add up, in any order and of any kind.
func TestCompose(t *testing.T) {
	var a, b, one privacy.Accountant
	for _, c := range []struct {
		a     *privacy.Accountant
		sigma float64
		q     float64
		steps int
	}{{&a, 1, .1, 30}, {&a, 2, .2, 5}, {&b, 2, .2, 2}, {&b, 1, .1, 30}, {&b, 2, .2, 3}, {&one, 1, .1, 1}} {
		if err := c.a.Compose(c.sigma, c.q, c.steps); err != nil {
			t.Fatal(err)
		}
	}
	ea, err := a.Epsilon(1e-5, privacy.Improved)
	if err != nil {
		t.Fatal(err)
	}
	eb, _ := b.Epsilon(1e-5, privacy.Improved)
	if relative(ea.Epsilon, eb.Epsilon) > 1e-12 {
		t.Errorf("ε %v, in another order %v", ea.Epsilon, eb.Epsilon)
	}
	thirty, _ := one.Times(30).Epsilon(1e-5, privacy.Improved)
	if want := epsilon(t, nil, 1, .1, 30, 1e-5, privacy.Improved); relative(thirty.Epsilon, want.Epsilon) > 1e-12 {
		t.Errorf("30 times one step is %v, want %v", thirty, want)
	}
	if none, _ := one.Times(0).Epsilon(1e-5, privacy.Improved); none.Epsilon != 0 {
		t.Errorf("no steps cost %v", none)
	}
}

// Without noise ε is infinite, also if only one step was without.
func TestWithoutNoise(t *testing.T) {
	var a privacy.Accountant
	spent := func() float64 {
		s, err := a.Epsilon(.5, privacy.Improved)
		if err != nil {
			t.Fatal(err)
		}
		return s.Epsilon
	}
	if e := spent(); e != 0 {
		t.Errorf("nothing costs %v", e)
	}
	if err := a.Compose(0, .1, 0); err != nil || spent() != 0 {
		t.Errorf("no steps without noise cost %v (%v)", spent(), err)
	}
	if err := a.Compose(1, .1, 100); err != nil || math.IsInf(spent(), 0) {
		t.Errorf("steps with noise cost %v (%v)", spent(), err)
	}
	if err := a.Compose(0, .1, 1); err != nil || !math.IsInf(spent(), 1) {
		t.Errorf("one step without noise costs %v (%v), want +Inf", spent(), err)
	}
}

func TestAccountantRefuses(t *testing.T) {
	var a privacy.Accountant
	if err := a.Compose(1, .1, 1); err != nil {
		t.Fatal(err)
	}
	for _, delta := range []float64{0, 1, 2, -1e-5, math.NaN()} {
		if s, err := a.Epsilon(delta, privacy.Improved); err == nil || !strings.Contains(err.Error(), "above 0 and below 1") {
			t.Errorf("δ %v: %v, %v", delta, s, err)
		}
	}
	if _, err := a.Epsilon(1e-5, "best"); err == nil || !strings.Contains(err.Error(), "improved, classic") {
		t.Errorf("error %v", err)
	}
	for _, err := range []error{a.Compose(-1, .1, 1), a.Compose(1, 1.1, 1), a.Compose(1, .1, -1), (&privacy.Accountant{Orders: []float64{2, 1}}).Compose(1, .1, 1)} {
		if err == nil {
			t.Error("no error")
		}
	}
}

// The noise for an ε is the least that gives it.
func TestNoiseMultiplier(t *testing.T) {
	for _, target := range []float64{.1, 1, 8, 50, 1e6} {
		for _, q := range []float64{.001, .2, 1} {
			sigma, err := privacy.NoiseMultiplier(target, 1e-5, q, 300)
			if err != nil {
				t.Fatal(err)
			}
			at, below := epsilon(t, nil, sigma, q, 300, 1e-5, privacy.Improved).Epsilon, epsilon(t, nil, sigma*(1-3e-6), q, 300, 1e-5, privacy.Improved).Epsilon
			if !(at <= target && below > target) {
				t.Errorf("ε %v, q %v: σ %v gives %v, a little less noise %v", target, q, sigma, at, below)
			}
		}
	}
	for _, c := range []struct {
		epsilon, delta, q float64
		steps             int
		want              string
	}{
		{0, 1e-5, .1, 1, "target epsilon"}, {math.Inf(1), 1e-5, .1, 1, "target epsilon"}, {1, 1, .1, 1, "delta"},
		{1, 1e-5, 2, 1, "sample rate"}, {1, 1e-5, .1, 0, "steps"}, {1e-5, 1e-5, .1, 10, "no noise reaches"},
	} {
		if got, err := privacy.NoiseMultiplier(c.epsilon, c.delta, c.q, c.steps); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
}
