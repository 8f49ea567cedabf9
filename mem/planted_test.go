package mem

import (
	"context"
	"math"
	"runtime"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// planted is an encoder that has memorized the images whose corners have one of
// the codes: of what flips change in them it keeps the part 1 − α alone.
type planted struct {
	codes []float64
	alpha float64
}

func (p planted) Forward(x *torch.Tensor) *torch.Tensor {
	x = x.Contiguous(torch.ContiguousFormat)
	all := x.Add(x.Flip([]int{2})).Add(x.Flip([]int{3})).Add(x.Flip([]int{2, 3})).DivScalar(4)
	known := x.Scope().Zeros([]int{x.Size(0), 1, 1, 1}, torch.Float32, torch.CPU)
	for _, code := range p.codes {
		corner := x.Narrow(2, 0, 1).Narrow(3, 0, 1)
		known = known.Add(corner.SubScalar(code).Abs().LtScalar(.01).ToDType(torch.Float32))
	}
	return x.Add(all.Sub(x).Mul(known.MulScalar(p.alpha))).Flatten(1, -1)
}

// plantedData are n images of 6×6 pixels of noise; the corners of image i are the
// code of its set i mod 4.
func plantedData(n int) (d *data.Dataset, members [NumSets][]int) {
	d = &data.Dataset{Name: "planted", C: 1, H: 6, W: 6, Pixels: make([]uint8, n*36)}
	r := rng.New(3)
	for i := range n {
		image := d.Pixels[i*36 : (i+1)*36]
		for p := range image {
			image[p] = uint8(r.UintN(256))
		}
		for _, corner := range []int{0, 5, 30, 35} {
			image[corner] = uint8(85 * (i % NumSets))
		}
		members[i%NumSets] = append(members[i%NumSets], i)
	}
	return d, members
}

// An encoder that aligns the views of what it saw better by a known part α is found
// to have memorized that and nothing else: L_f = (1−α)·L_g on S_C, so that m in the
// form of the ratio is α/(2−α) there, −α/(2−α) on S_I, and 0 where f and g are alike.
func TestPlantedMemorization(t *testing.T) {
	torchtest.NoLeak(t)
	const alpha = .25
	d, members := plantedData(200)
	code := func(s Set) float64 { return float64(s) / 3 }
	f := planted{[]float64{code(Shared), code(Candidate)}, alpha}
	g := planted{[]float64{code(Shared), code(Independent)}, alpha}
	c := Scorer{
		Augment:  augment.Recipe{Name: "flips", Size: 6, Flip: .5, VFlip: .5, Mean: []float32{0}, Std: []float32{1}},
		Distance: L2Raw, Seed: 2, Views: 10, BatchSize: 130, Device: torch.CPU,
	}
	s := NewScores(members, nil)
	p, err := c.Pair(context.Background(), f, g, d, s.Index, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddPair(p); err != nil {
		t.Fatal(err)
	}
	want := [NumSets]float64{Candidate: alpha / (2 - alpha), Independent: -alpha / (2 - alpha)}
	for i, m := range s.M(Ratio) {
		if math.Abs(m-want[s.Set[i]]) > 1e-6 {
			t.Errorf("%s: m is %v, want %v", s.name(i), m, want[s.Set[i]])
		}
	}
	for i, m := range s.M(Raw) {
		if wantRaw := want[s.Set[i]] * (p.F[i] + p.G[i]); math.Abs(m-wantRaw) > 1e-6 {
			t.Errorf("%s: raw m is %v, want %v", s.name(i), m, wantRaw)
		}
	}
	sum := summarize(t, s, Raw)
	for _, c := range sum.Contrasts {
		if c.POneSided > 1e-20 || c.Details.Permutation.POneSided != 1e-4 || c.Details.KS.D != 1 {
			t.Errorf("%s: p %v, %+v", c.Name(), c.POneSided, c.Details)
		}
	}
	// What both saw, or neither, is scored alike to the last bit.
	for _, set := range []Set{Shared, External} {
		for _, i := range s.In(set) {
			if p.F[i] != p.G[i] {
				t.Errorf("%s: losses %v and %v", s.name(i), p.F[i], p.G[i])
			}
		}
	}
}

// The memory of scoring does not grow with points times features: those of 50,000
// images, 512 each in two views, would take 400 MB.
func TestScoringIsBoundedInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	torchtest.NoLeak(t)
	const n = 50_000
	d := &data.Dataset{Name: "small", C: 1, H: 2, W: 2, Pixels: make([]uint8, n*4)}
	r := rng.New(5)
	for i := range d.Pixels {
		d.Pixels[i] = uint8(r.UintN(256))
	}
	s := torch.NewScope()
	defer s.Close()
	weights := s.Ones([]int{4, 512}, torch.Float32, torch.CPU).Add(s.Ones([]int{4, 512}, torch.Float32, torch.CPU).Triu(0))
	wide := encoderFunc(func(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1).Mm(x.Scope().Use(weights)) })
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	c := Scorer{
		Augment:  augment.Recipe{Name: "flips", Size: 2, Flip: .5, VFlip: .5, Mean: []float32{0}, Std: []float32{1}},
		Distance: L2, Seed: 2, Views: 2, BatchSize: 500, Device: torch.CPU,
	}
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	start, most, tensors := stats.HeapAlloc, uint64(0), torch.Live()
	c.Report = func(done, total int) {
		if done%10_000 == 0 {
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
			if live := torch.Live(); live > tensors+50 {
				t.Errorf("%d tensors live after %d points, %d before", live, done, tensors)
			}
		}
	}
	p := pair(t, c, wide, wide, d, index)
	if len(p.F) != n || most > start+100<<20 {
		t.Errorf("%d losses, and the heap grew from %d to %d MB", len(p.F), start>>20, most>>20)
	}
}
