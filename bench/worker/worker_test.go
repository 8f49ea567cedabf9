package worker_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/bench/worker"
	"sslmem/torch"
)

func TestServe(t *testing.T) {
	actions := map[string]worker.Action{
		"half": func(n int) float64 { return float64(n) / 2 },
		"fail": func(int) float64 { panic(&torch.Error{Op: "fail", Msg: "no more"}) },
	}
	for in, want := range map[string]string{
		"half 1\nhalf 4\n": "",
		"half\n":           `line "half"`,
		"halve 1\n":        "there is no such action",
		"fail 1\n":         "no more",
	} {
		var out strings.Builder
		err := worker.Serve(strings.NewReader(in), &out, actions)
		if want == "" {
			if got := "ready " + torch.Version() + "\n0.5\n2\n"; err != nil || out.String() != got {
				t.Errorf("%q gives %q, %v; want %q", in, out.String(), err, got)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", in, err, want)
		}
	}
}

func TestWave(t *testing.T) {
	want := []float32{float32(math.Sin(1)), float32(math.Sin(2)), float32(math.Sin(3)), float32(math.Sin(4))}
	if got := worker.Wave[int64](2, 2); !slices.Equal(got, want) {
		t.Errorf("elements are %v, want %v", got, want)
	}
}
