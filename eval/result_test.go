package eval

import (
	"encoding/json"
	"math"
	"testing"
)

// Bounds are those of SciPy's binomtest(…).proportion_ci(method="wilson").
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		correct, n int
		low, high  float64
	}{
		{0, 10, 0, .2775327998628892},
		{10, 10, .7224672001371107, 1},
		{1, 1, .20654931437723745, 1},
		{50, 100, .4038315303659956, .5961684696340044},
		{830, 1000, .805465935038086, .8520084043614475},
		{0, 0, 0, 1},
	} {
		low, high := Wilson(c.correct, c.n)
		if math.Abs(low-c.low) > 1e-12 || math.Abs(high-c.high) > 1e-12 {
			t.Errorf("Wilson(%d, %d) = %.17g, %.17g, want %.17g, %.17g", c.correct, c.n, low, high, c.low, c.high)
		}
	}
}

// The bounds are where a test of the probability with the normal approximation
// just does not reject at 5 %.
func TestWilsonInvertsTheTest(t *testing.T) {
	for _, c := range [][2]int{{1, 7}, {3, 8}, {499, 1000}, {77, 78}} {
		low, high := Wilson(c[0], c[1])
		for _, p := range []float64{low, high} {
			n := float64(c[1])
			z := math.Abs(float64(c[0])/n-p) / math.Sqrt(p*(1-p)/n)
			if math.Abs(z-z95) > 1e-9 {
				t.Errorf("%d of %d: the bound %v is %v standard errors away, want %v", c[0], c[1], p, z, z95)
			}
		}
	}
}

func TestTally(t *testing.T) {
	c := newTally([]string{"cat", "dog", "fish"})
	for _, hit := range [][2]int{{0, 0}, {0, 1}, {0, 0}, {2, 4}, {2, 5}} {
		c.add(hit[0], hit[1])
	}
	r := c.result()
	if r.N != 5 || r.Top1 != .4 || r.Top5 != .8 {
		t.Errorf("n %d, top-1 %v, top-5 %v, want 5, .4, .8", r.N, r.Top1, r.Top5)
	}
	low, high := Wilson(2, 5)
	if r.Top1Low != low || r.Top1High != high {
		t.Errorf("interval %v to %v, want %v to %v", r.Top1Low, r.Top1High, low, high)
	}
	text, err := json.Marshal(r.PerClass)
	if want := `[{"class":"cat","n":3,"top1":0.6666666666666666},{"class":"fish","n":2,"top1":0}]`; err != nil || string(text) != want {
		t.Errorf("per class %s (%v), want %s", text, err, want)
	}
}

// The numbers of a probe stand beside those of its result.
func TestProbeResultAsJSON(t *testing.T) {
	r := ProbeResult{Result: Result{N: 4, Top1: .5, Top5: 1, Top1Low: .1, Top1High: .9, PerClass: []ClassResult{}}, TrainTop1: .75, Loss: .5, Steps: 9}
	text, err := json.Marshal(r)
	want := `{"n":4,"top1":0.5,"top5":1,"top1_low":0.1,"top1_high":0.9,"per_class":[],"train_top1":0.75,"loss":0.5,"steps":9,"gradient":0}`
	if err != nil || string(text) != want {
		t.Errorf("%s (%v), want %s", text, err, want)
	}
}
