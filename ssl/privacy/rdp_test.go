package privacy_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"sslmem/internal/python"
	"sslmem/ssl/privacy"
)

// A row is one of testdata/rdp.json, which testdata/make_rdp.py makes from the
// definition by numerical integration.
type row struct{ Sigma, Q, Order, RDP float64 }

func rows(t *testing.T, path string) (list []row) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func relative(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }

func rdp(t *testing.T, sigma, q, order float64) float64 {
	t.Helper()
	got, err := privacy.RDP(sigma, q, order)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The series equals the integral of the definition.
func TestRDPIsTheIntegral(t *testing.T) {
	worst := 0.
	for _, r := range rows(t, "testdata/rdp.json") {
		got := rdp(t, r.Sigma, r.Q, r.Order)
		if e := relative(got, r.RDP); e > 1e-6 && math.Abs(got-r.RDP) > 1e-13/(r.Order-1) {
			t.Errorf("σ %v, q %v, order %v: %v, want %v", r.Sigma, r.Q, r.Order, got, r.RDP)
		} else {
			worst = max(worst, e)
		}
	}
	t.Logf("at most %.1e of the value apart", worst)
}

func TestIntegralIsMadeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rdp.json")
	python.Run(t, "testdata/make_rdp.py", path)
	got, want := rows(t, path), rows(t, "testdata/rdp.json")
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if relative(got[i].RDP, want[i].RDP) > 1e-12 {
			t.Errorf("row %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// Where every image takes part, the mechanism is a Gaussian one; whoever is never drawn
// loses nothing; without noise nothing is kept back.
func TestRDPInClosedForm(t *testing.T) {
	for _, sigma := range []float64{.1, 1, 2.5, 1e3} {
		for _, order := range []float64{1.01, 1.5, 2, 64, 300.5} {
			if got, want := rdp(t, sigma, 1, order), order/(2*sigma*sigma); relative(got, want) > 1e-15 {
				t.Errorf("σ %v, order %v: %v, want %v", sigma, order, got, want)
			}
			// Nearly every image.
			if got, want := rdp(t, sigma, 1-1e-12, order), order/(2*sigma*sigma); relative(got, want) > 1e-6 {
				t.Errorf("σ %v, order %v, q nearly 1: %v, want %v", sigma, order, got, want)
			}
			if got := rdp(t, sigma, 0, order); got != 0 {
				t.Errorf("q 0: %v", got)
			}
		}
	}
	if got := rdp(t, 0, .1, 2); !math.IsInf(got, 1) {
		t.Errorf("without noise %v, want +Inf", got)
	}
	// A of order 2 is 1 + q²·(exp(1/σ²) − 1).
	for _, q := range []float64{1e-6, .01, .5} {
		if got, want := rdp(t, 1.7, q, 2), math.Log1p(q*q*math.Expm1(1/(1.7*1.7))); relative(got, want) > 1e-12 {
			t.Errorf("order 2, q %v: %v, want %v", q, got, want)
		}
	}
}

// Orders between whole ones go on where those are, which are computed in another way.
func TestFractionsMeetWholeOrders(t *testing.T) {
	for _, sigma := range []float64{.4, 1, 6} {
		for _, q := range []float64{.001, .1, .6} {
			for _, order := range []float64{2, 3, 7, 40} {
				below, at, above := rdp(t, sigma, q, order-1e-9), rdp(t, sigma, q, order), rdp(t, sigma, q, order+1e-9)
				if relative(below, at) > 1e-6 || relative(above, at) > 1e-6 {
					t.Errorf("σ %v, q %v: %v below order %v, %v at it, %v above", sigma, q, below, order, at, above)
				}
			}
		}
	}
}

// Values of TensorFlow Privacy's accountant (google/differential-privacy,
// rdp_privacy_accountant_test.py): 50 steps with σ 2.5 and q .01. Between whole orders
// it publishes a bound that is a little larger; the integral above confirms ours.
func TestRDPAsPublished(t *testing.T) {
	for order, want := range map[float64]float64{5: 2.18075656e-03, 50: 2.38460375e-02, 100: 1.67416308e+02} {
		if got := 50 * rdp(t, 2.5, .01, order); relative(got, want) > 1e-8 {
			t.Errorf("order %v: %v, want %v", order, got, want)
		}
	}
	for order, bound := range map[float64]float64{1.5: 6.70579741e-04, 2.5: 1.08548710e-03} {
		if got := 50 * rdp(t, 2.5, .01, order); got > bound || got < .95*bound {
			t.Errorf("order %v: %v, want at most %v and little less", order, got, bound)
		}
	}
}

// Neither little noise nor large orders overflow.
func TestRDPFarOut(t *testing.T) {
	for _, sigma := range []float64{1e-3, .05, 1e6} {
		for _, q := range []float64{1e-12, 1e-3, .999999} {
			for _, order := range []float64{1.0001, 1.1, 10.9, 64, 1024, 1023.5} {
				if got := rdp(t, sigma, q, order); math.IsNaN(got) || math.IsInf(got, 0) || got < 0 || got > order/(2*sigma*sigma)*(1+1e-12) {
					t.Errorf("σ %v, q %v, order %v: %v is not between 0 and that of q 1", sigma, q, order, got)
				}
			}
		}
	}
}

func TestRDPRefuses(t *testing.T) {
	nan := math.NaN()
	for _, c := range [][3]float64{
		{-1, .1, 2}, {nan, .1, 2}, {1, -.1, 2}, {1, 1.1, 2}, {1, nan, 2}, {1, .1, 1}, {1, .1, .5}, {1, .1, nan}, {1, .1, math.Inf(1)},
	} {
		if got, err := privacy.RDP(c[0], c[1], c[2]); err == nil {
			t.Errorf("σ %v, q %v, order %v: %v, want an error", c[0], c[1], c[2], got)
		}
	}
}
