package eval

import (
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// rankOf is RankMe in closed form for singular values.
func rankOf(sigma ...float64) float64 {
	var sum, entropy float64
	for _, v := range sigma {
		sum += v
	}
	for _, v := range sigma {
		p := v/sum + 1e-7
		entropy -= p * math.Log(p)
	}
	return math.Exp(entropy)
}

func TestRankMe(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(3, torch.CPU)
	orthogonal, _ := s.Zeros([]int{8, 8}, torch.Float64, torch.CPU).NormalLike(s.Ones([]int{8, 8}, torch.Float64, torch.CPU), g).QR("reduced")
	diag := func(sigma ...float64) *torch.Tensor {
		return torch.FromSlice(s, sigma, len(sigma)).DiagEmbed(0, 0, 1)
	}
	for _, c := range []struct {
		name string
		x    *torch.Tensor
		want float64
	}{
		{"orthogonal", orthogonal, 8},
		{"in float32", orthogonal.ToDType(torch.Float32).MulScalar(1e-3), 8},
		{"four of eight", orthogonal.Narrow(0, 0, 4), 4},
		{"one direction", s.Ones([]int{30, 5}, torch.Float32, torch.CPU), rankOf(1, 0, 0, 0, 0)},
		{"half and half", orthogonal.Mm(diag(1, 1, 1, 1, 0, 0, 0, 0)), rankOf(1, 1, 1, 1, 0, 0, 0, 0)},
		{"geometric", orthogonal.Mm(diag(1, .5, .25, .125, .0625, 1./32, 1./64, 1./128)), rankOf(1, .5, .25, .125, .0625, 1./32, 1./64, 1./128)},
		{"twice the rows", torch.Cat([]*torch.Tensor{orthogonal, orthogonal}, 0), 8},
		{"zero", s.Zeros([]int{4, 3}, torch.Float32, torch.CPU), 1},
		{"one image", s.Ones([]int{1, 7}, torch.Float32, torch.CPU), 1},
	} {
		got, err := RankMe(c.x)
		if err != nil || math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%s: RankMe = %v (%v), want %v", c.name, got, err, c.want)
		}
	}
}

func TestSpread(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	n := s.Ones([]int{4000, 64}, torch.Float32, torch.CPU)
	random := n.ZerosLike().NormalLike(n, torch.NewGenerator(5, torch.CPU))
	for _, c := range []struct {
		name            string
		x               *torch.Tensor
		want, tolerance float64
	}{
		{"no direction", random, 1. / 8, .0005},
		{"scale does not count", random.MulScalar(1e4), 1. / 8, .0005},
		{"one direction", n, 0, 1e-12},
		{"lengths do not count", random.Abs().SumDim([]int{1}, true).Mul(n), 0, 1e-12},
		// ±e₁ and ±e₂: each column has the values 1, −1, 0, 0, so Σx²/3 = 2/3.
		{"cross", torch.FromSlice(s, []float32{3, 0, -1, 0, 0, 5, 0, -2}, 4, 2), math.Sqrt(2. / 3), 1e-7},
		{"zero", s.Zeros([]int{4, 3}, torch.Float32, torch.CPU), 0, 0},
	} {
		got, err := Spread(c.x)
		if err != nil || !(math.Abs(got-c.want) <= c.tolerance) {
			t.Errorf("%s: Spread = %v (%v), want %v", c.name, got, err, c.want)
		}
	}
}

func TestRankAndSpreadAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, evalFile)
	rank, err := RankMe(fixture["train/x"])
	if want := fixture["rank"].Item(); err != nil || math.Abs(rank-want) > 1e-9 {
		t.Errorf("rank %v (%v), want %v", rank, err, want)
	}
	spread, err := Spread(fixture["train/x"])
	if want := fixture["spread"].Item(); err != nil || math.Abs(spread-want) > 1e-12 {
		t.Errorf("spread %v (%v), want %v", spread, err, want)
	}
}

func TestRankAndSpreadRefuse(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	bad := s.Zeros([]int{6, 2}, torch.Float32, torch.CPU)
	bad.Narrow(0, 4, 1).Fill(math.NaN())
	large := s.Zeros([]int{2*chunkRows + 9, 2}, torch.Float32, torch.CPU)
	large.Narrow(0, 2*chunkRows+3, 2).Narrow(1, 1, 1).Fill(math.Inf(-1))
	other := torch.NewScope()
	closed := other.Ones([]int{2, 2}, torch.Float32, torch.CPU)
	other.Close()
	for _, c := range []struct {
		x    *torch.Tensor
		want string
	}{
		{nil, "no given features"},
		{s.Zeros([]int{0, 3}, torch.Float32, torch.CPU), "[0 3]"},
		{s.Zeros([]int{3}, torch.Float32, torch.CPU), "[3]"},
		{s.Zeros([]int{3, 3}, torch.Int64, torch.CPU), "int64"},
		{bad, "image 4 are not finite"},
		{large, "image 8195 are not finite"},
		{closed, "cannot be used"},
	} {
		for _, f := range []func(*torch.Tensor) (float64, error){RankMe, Spread} {
			if _, err := f(c.x); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not contain %q", err, c.want)
			}
		}
	}
	if _, err := Spread(s.Ones([]int{1, 3}, torch.Float32, torch.CPU)); err == nil || !strings.Contains(err.Error(), "two") {
		t.Errorf("spread of one image: %v", err)
	}
}
