package plots

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{ // /italic/ and ↓low
		"S_C":                        "/S/↓C",
		"m = L_g − L_f (distance)":   "/m/| = |/L/↓/g/| − |/L/↓/f/| (distance)",
		"(n = 5)":                    "(|/n/| = 5)",
		"images that f alone saw":    "images that |/f/| alone saw",
		"T-shirt/top, my_set, a dog": "T-shirt/top, my_set, a dog",
		"t-test, x-axis, x_1":        "t-test, x-axis, |/x/↓1",
		"L_ff S_ _C":                 "L_ff S_ _C",
		"":                           "",
	} {
		var b strings.Builder
		for i, r := range runs(line) {
			text := r.text
			if r.italic {
				text = "/" + text + "/"
			}
			switch {
			case r.script:
				b.WriteString("↓")
			case i > 0:
				b.WriteString("|")
			}
			b.WriteString(text)
		}
		if got := b.String(); got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

// FuzzRuns checks that no text is lost but the underscores of subscripts.
func FuzzRuns(f *testing.F) {
	f.Add("m = L_g − L_f")
	f.Add("__S_C_")
	f.Fuzz(func(t *testing.T, line string) {
		var b strings.Builder
		subscripts := 0
		for _, r := range runs(line) {
			if r.script {
				b.WriteString("_")
				subscripts++
			}
			b.WriteString(r.text)
		}
		if got, want := b.String(), string([]rune(line)); got != want {
			t.Errorf("%q became %q", want, got)
		}
		if subscripts > strings.Count(line, "_") {
			t.Errorf("%q has %d subscripts", line, subscripts)
		}
	})
}

func TestWrap(t *testing.T) {
	t.Parallel()
	sty := sans(8, ink)
	text := "mean memorization m = L_g − L_f of all images"
	for _, width := range []vg.Length{90, 120, 150, 400} {
		lines := wrap(text, sty, width)
		if got := strings.Join(lines, " "); got != text {
			t.Errorf("width %v: words are lost: %q", width, got)
		}
		for _, line := range lines {
			if sty.Width(line) > width {
				t.Errorf("width %v: %q is wider", width, line)
			}
			if strings.Trim(line, "=− ") != line {
				t.Errorf("width %v: %q is broken beside an operator", width, line)
			}
		}
	}
	if got := wrap("Donaudampfschifffahrtsgesellschaft", sty, 50); len(got) != 1 || !strings.HasSuffix(got[0], "…") || sty.Width(got[0]) > 50 {
		t.Errorf("a long word became %q", got)
	}
	if got := wrap("", sty, 50); got != nil {
		t.Errorf("no text became %q", got)
	}
}

// TestTicks checks for random ranges that ticks lie within, are evenly spaced, and
// that labels differ and read back as the values.
func TestTicks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		lo := r.NormFloat64() * math.Exp(3*r.NormFloat64())
		hi := lo + math.Exp(4*r.NormFloat64())
		for _, n := range []niceTicks{{most: 7}, {most: 3}} {
			ticks := n.Ticks(lo, hi)
			if len(ticks) > n.most {
				t.Fatalf("[%v, %v]: %d ticks", lo, hi, len(ticks))
			}
			step, _ := n.step(lo, hi)
			seen := map[string]bool{}
			for i, tick := range ticks {
				if tick.Value < lo-1e-6*step || tick.Value > hi+1e-6*step || i > 0 && math.Abs(tick.Value-ticks[i-1].Value-step) > 1e-6*step {
					t.Fatalf("[%v, %v]: ticks %v", lo, hi, ticks)
				}
				var read float64
				if _, err := fmt.Sscan(strings.ReplaceAll(tick.Label, "−", "-"), &read); err != nil || math.Abs(read-tick.Value) > 1e-3*step || seen[tick.Label] {
					t.Fatalf("[%v, %v]: label %q of %v (%v)", lo, hi, tick.Label, tick.Value, err)
				}
				seen[tick.Label] = true
			}
		}
	}
}

func TestTickLabels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ticks  niceTicks
		lo, hi float64
		want   string
	}{
		{niceTicks{most: 7}, -0.06, 0.06, "−0.06 −0.04 −0.02 0.00 0.02 0.04 0.06"},
		{niceTicks{most: 7}, 0, 0.14, "0.000 0.025 0.050 0.075 0.100 0.125"},
		{niceTicks{most: 7}, 0, 100, "0 20 40 60 80 100"},
		{niceTicks{most: 7}, 1, 3, "1.0 1.5 2.0 2.5 3.0"},
		{niceTicks{most: 7, whole: true}, 1, 3, "1 2 3"},
		{niceTicks{most: 7, whole: true}, 0, 14, "0 5 10"},
		{niceTicks{most: 3}, 0, 3e8, "0 2e08"},
		{niceTicks{most: 3}, 0.07387, 0.0738700002, "0.0738700000 0.0738700001 0.0738700002"},
	} {
		var labels []string
		for _, tick := range c.ticks.Ticks(c.lo, c.hi) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("[%v, %v]: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   []string
	}{
		{[]float64{0.01523, -0.000043, 0}, []string{"+0.0152", "−0.0000", "0.0000"}},
		{[]float64{1.5, -0.25}, []string{"+1.50", "−0.25"}},
		{[]float64{1234.5}, []string{"+1234"}},
		{[]float64{0}, []string{"0.000"}},
		{[]float64{2e9, -1.5e9}, []string{"+2e09", "−1.5e09"}},
		{[]float64{3e-7}, []string{"+3e−07"}},
	} {
		if got := signed(c.values); !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.values, got, c.want)
		}
	}
}
