package gotorchx_test

import (
	"context"
	"math"
	"testing"

	gmodels "github.com/wangkuiyi/gotorch/vision/models"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/gotorchx/statedict"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func newResNet18(t *testing.T) *models.ResNet {
	m := models.NewResNet18(0, 3, torch.NewGenerator(1, torch.CPU))
	t.Cleanup(func() { nn.Free(m) })
	return m
}

// withoutStem is the state of a ResNet-18 less its first convolution.
func withoutStem(m nn.Module) map[string]*torch.Tensor {
	state := map[string]*torch.Tensor{}
	for name, x := range nn.State(m) {
		if name != "conv1.weight" {
			state[name] = x
		}
	}
	return state
}

// mem scores gotorch's ResNet-18 beside ours: losses are those of the features
// that gotorch gives, and the network beside itself memorizes nothing.
func TestScoreGotorchResNet(t *testing.T) {
	torchtest.NoLeak(t)
	theirs := wrap(t, gmodels.Resnet18())
	ours := newResNet18(t)
	nn.SetTraining(theirs, false)
	nn.SetTraining(ours, false)
	views, err := augment.Lookup("simclr-cifar")
	if err != nil {
		t.Fatal(err)
	}
	d := &data.Dataset{Name: "noise", C: 3, H: 32, W: 32, Pixels: make([]uint8, 4*3*32*32)}
	r := rng.New(3)
	for i := range d.Pixels {
		d.Pixels[i] = uint8(r.UintN(256))
	}
	scorer := mem.Scorer{Augment: views, Views: 2, Seed: 11, Distance: mem.L2, BatchSize: 8, Device: torch.CPU}
	index := []int{3, 0, 1}
	p, err := scorer.Pair(context.Background(), theirs, ours, d, index, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range index {
		if f, g := p.F[i], p.G[i]; !(f > 0) || !(g > 0) || math.Abs(f-g) < 1e-6 {
			t.Errorf("point %d: losses %v and %v", index[i], f, g)
		}
	}
	same, err := scorer.Pair(context.Background(), theirs, theirs, d, index, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range index {
		if same.F[i] != same.G[i] || math.Abs(same.F[i]-p.F[i]) > 1e-6 {
			t.Errorf("point %d: losses %v and %v of one network, %v before", index[i], same.F[i], same.G[i], p.F[i])
		}
	}
	together := scorer
	together.Together = true
	if _, err := together.Pair(context.Background(), theirs, ours, d, index, 1); err != nil {
		t.Error(err)
	}
}

// The names are torchvision's.
func TestResNetNames(t *testing.T) {
	torchtest.NoLeak(t)
	w := wrap(t, gmodels.Resnet18())
	w.Rename(statedict.ResNetName)
	names := map[string]bool{}
	for name := range nn.State(w) {
		names[name] = true
	}
	ours := newResNet18(t)
	n := 0
	for name := range nn.Parameters(ours) {
		n++
		if !names[name] {
			t.Errorf("there is no %s", name)
		}
	}
	// Ours has no fc, gotorch no count of batches.
	if want := n + 2*20 + 2; len(names) != want {
		t.Errorf("%d names, want %d", len(names), want)
	}
}
