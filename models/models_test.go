package models_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// Weights and biases of the eight convolutions, as published for 32 channels
// and colour images: 9·In·Out + Out.
func TestResNet9ParameterCounts(t *testing.T) {
	net := newBackbone(t, "resnet9", 0, 3)
	defer nn.Free(net)
	var got []int
	for _, p := range nn.Parameters(net) {
		if p.Dim() == 4 {
			got = append(got, p.Numel()+p.Size(0))
		}
	}
	want := []int{896, 18_496, 36_928, 36_928, 73_856, 295_168, 590_080, 590_080}
	if !slices.Equal(got, want) {
		t.Errorf("convolutions have %v parameters, want %v", got, want)
	}
	sum := 0
	for _, n := range got {
		sum += n
	}
	if sum != 1_642_432 {
		t.Errorf("the sum is %d, want 1,642,432", sum)
	}
	// Batch norm adds two for each of the 32 + 3·64 + 128 + 3·256 channels.
	if got, want := nn.NumParameters(net), sum+2*(32+3*64+128+3*256); got != want {
		t.Errorf("%d parameters in all, want %d", got, want)
	}
}

// ResNet-18 has 11,689,512 parameters with ImageNet's stem and classes
// (torchvision): less 513,000 of the fc, and 3·64·(7² − 3²) of the stem.
func TestResNet18ParameterCount(t *testing.T) {
	net := newBackbone(t, "resnet18", 0, 3)
	defer nn.Free(net)
	if got, want := nn.NumParameters(net), 11_689_512-513_000-3*64*(49-9); got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
}

// The names of torchvision's resnet18 without fc, in its order.
func TestResNet18Names(t *testing.T) {
	norm := func(prefix string) []string {
		var names []string
		for _, part := range []string{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"} {
			names = append(names, prefix+"."+part)
		}
		return names
	}
	want := append([]string{"conv1.weight"}, norm("bn1")...)
	for layer := 1; layer <= 4; layer++ {
		for block := range 2 {
			at := fmt.Sprintf("layer%d.%d.", layer, block)
			want = append(append(want, at+"conv1.weight"), norm(at+"bn1")...)
			want = append(append(want, at+"conv2.weight"), norm(at+"bn2")...)
			if layer > 1 && block == 0 {
				want = append(append(want, at+"downsample.0.weight"), norm(at+"downsample.1")...)
			}
		}
	}
	net := newBackbone(t, "resnet18", 2, 3)
	defer nn.Free(net)
	var got []string
	for name := range nn.State(net) {
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("names %v,\nwant %v", got, want)
	}
	if len(got) != 120 {
		t.Errorf("%d names, torchvision has 122 with fc", len(got))
	}
}

// torchvision draws the convolutions normal with variance 2/(Out·k²).
func TestResNet18Weights(t *testing.T) {
	net := newBackbone(t, "resnet18", 32, 3)
	defer nn.Free(net)
	for name, p := range nn.Parameters(net) {
		if p.Dim() != 4 {
			continue
		}
		values := torch.ToSlice[float64](p)
		n, square := float64(len(values)), 0.
		for _, v := range values {
			square += v * v / n
		}
		k := p.Size(2)
		want := 2 / float64(p.Size(0)*k*k)
		if se := want * math.Sqrt(2/n); math.Abs(square-want) > 5*se {
			t.Errorf("%s has variance %v, want %v ± %v", name, square, want, se)
		}
	}
}

// The width scales all channels, and 0 stands for the published number. The
// features are eight times as many.
func TestWidth(t *testing.T) {
	for model, published := range map[string]int{"resnet9": 32, "resnet18": 64} {
		for _, width := range []int{1, 3, 8, 0} {
			net := newBackbone(t, model, width, 1)
			w := width
			if w == 0 {
				w = published
			}
			if got := net.Features(); got != 8*w {
				t.Errorf("%s of width %d has %d features, want %d", model, width, got, 8*w)
			}
			first := true
			for name, p := range nn.Parameters(net) {
				if first && p.Size(0) != w {
					t.Errorf("%s of width %d: %s has %d channels", model, width, name, p.Size(0))
				}
				first = false
				if c := p.Size(0); c%w != 0 {
					t.Errorf("%s of width %d: %s has %d channels", model, width, name, c)
				}
			}
			s := torch.NewScope()
			for _, size := range []int{16, 28, 32} {
				y := net.Forward(s.Ones([]int{2, 1, size, size}, torch.Float32, torch.CPU))
				if got := y.Shape(); !slices.Equal(got, []int{2, 8 * w}) {
					t.Errorf("%s of width %d maps %d pixels to %v", model, width, size, got)
				}
				if y.Scope() != s {
					t.Error("the features are not in the scope of the images")
				}
			}
			s.Close()
			nn.Free(net)
		}
	}
}

// One seed, one encoder; another seed, another one.
func TestSeed(t *testing.T) {
	weights := func(model string, seed uint64) []float32 {
		net, err := models.New(models.Config{Model: model, Width: 2, InChannels: 1}, torch.NewGenerator(seed, torch.CPU))
		if err != nil {
			t.Fatal(err)
		}
		defer nn.Free(net)
		var all []float32
		for _, p := range nn.Parameters(net) {
			all = append(all, torch.ToSlice[float32](p)...)
		}
		return all
	}
	for _, model := range []string{"resnet9", "resnet18", "resnet50"} {
		a := weights(model, 5)
		if !slices.Equal(a, weights(model, 5)) {
			t.Errorf("%s: the same seed gave other weights", model)
		}
		if slices.Equal(a, weights(model, 6)) {
			t.Errorf("%s: another seed gave the same weights", model)
		}
	}
}

func TestNewErrors(t *testing.T) {
	g := torch.NewGenerator(1, torch.CPU)
	for want, c := range map[string]models.Config{
		`unknown model "resnet19"; did you mean resnet9?`: {Model: "resnet19", InChannels: 1},
		"in_channels is 0": {Model: "resnet9"},
		"width is -1":      {Model: "resnet9", Width: -1, InChannels: 1},
		"width is 5000":    {Model: "resnet18", Width: 5000, InChannels: 1},
	} {
		net, err := models.New(c, g)
		if err == nil || net != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v and error %v, want none and %q", c, net, err, want)
		}
	}
}

// Four poolings leave nothing of 15 pixels.
func TestResNet9NeedsSixteenPixels(t *testing.T) {
	net := newBackbone(t, "resnet9", 2, 1)
	defer nn.Free(net)
	s := torch.NewScope()
	defer s.Close()
	if err := torch.Try(func() { net.Forward(s.Ones([]int{2, 1, 15, 15}, torch.Float32, torch.CPU)) }); err == nil {
		t.Error("15 pixels were accepted")
	}
}
