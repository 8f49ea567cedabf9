//go:build gpu

package eval

import (
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// A GPU gives the accuracies of the CPU, but for an image or two whose classes
// are equally likely.
func TestOnGPU(t *testing.T) {
	torchtest.NoLeak(t)
	gpu := torch.CUDA(0)
	s := torch.NewScope()
	defer s.Close()
	train, test := fixtureSets(torchtest.Fixture(t, evalFile))
	onGPU := func(set Set) Set {
		set.X = s.Use(set.X).ToDevice(gpu)
		return set
	}
	near := func(what string, got, want Result) {
		t.Helper()
		if math.Abs(got.Top1-want.Top1)*float64(want.N) > 2.5 || got.N != want.N {
			t.Errorf("%s: %v on the GPU, %v on the CPU", what, got, want)
		}
	}
	for _, name := range KNNConventions() {
		o, err := KNNConvention(name)
		if err != nil {
			t.Fatal(err)
		}
		o.TestChunk, o.TrainChunk = 20, 170
		near(name, knn(t, onGPU(train), onGPU(test), o), knn(t, train, test, o))
	}
	for _, method := range ProbeMethods() {
		o := ProbeOptions{Method: method, WeightDecay: .01, Standardize: true, Epochs: 5, BatchSize: 50, LR: .1, Momentum: .9}
		near(method, probe(t, onGPU(train), onGPU(test), o).Result, probe(t, train, test, o).Result)
	}
	rank, err := RankMe(onGPU(train).X)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := RankMe(train.X); math.Abs(rank-want) > 1e-6 {
		t.Errorf("rank %v on the GPU, %v on the CPU", rank, want)
	}

	images, tests, o := someFashion(t)
	e := encoder(t, 1, 5)
	want := extract(t, s, e, tests, FeatureOptions{Augment: o.Augment, Index: o.TestIndex, BatchSize: 50})
	nn.To(e, gpu, torch.ChannelsLast)
	got := extract(t, s, e, tests, FeatureOptions{Augment: o.Augment, Index: o.TestIndex, BatchSize: 50, Device: gpu})
	torchtest.AllClose(t, got.X.ToDevice(torch.CPU), want.X, 1e-3, 1e-3)
	o.Device = gpu
	if r := fineTune(t, e, images, tests, o); r.Top1 < .45 {
		t.Errorf("fine-tuned on the GPU: %v", r)
	}
}
