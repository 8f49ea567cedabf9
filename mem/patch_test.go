package mem

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"sslmem/eval"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// unlike lists the names of tensors of m that are not equal to those in kept.
func unlike(m nn.Module, kept map[string]*torch.Tensor) []string {
	var names []string
	for name, t := range nn.State(m) {
		if !t.Equal(kept[name]) {
			names = append(names, name)
		}
	}
	return names
}

// unevenStatistics gives every batch norm a mean and a shift, as training does.
func unevenStatistics(b models.Backbone, seed uint64) {
	g := torch.NewGenerator(seed, torch.CPU)
	torch.NoGrad(func() {
		for name, t := range nn.State(b) {
			if strings.HasSuffix(name, "running_mean") || strings.HasSuffix(name, "bias") || strings.HasSuffix(name, "running_var") {
				g.Normal(t, 2, .1)
			}
		}
	})
}

// A pruned unit gives 0, others give what they gave, and of the tensors only
// its rows differ.
func TestPruneUnits(t *testing.T) {
	torchtest.NoLeak(t)
	b := encoder(t, 1, 1)
	unevenStatistics(b, 8)
	s := torch.NewScope()
	defer s.Close()
	kept := nn.CloneState(s, b)
	p, err := PruneUnits(s, b, []UnitRef{{"conv2.2", 3}, {"conv2.2", 5}, {"res2.0.2", 15}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"conv2.0.bias", "conv2.0.weight", "conv2.1.bias", "conv2.1.weight", "res2.0.0.bias", "res2.0.0.weight", "res2.0.1.bias", "res2.0.1.weight"}
	if got := slices.Sorted(maps.Keys(p)); !slices.Equal(got, want) {
		t.Errorf("changed %v, want %v", got, want)
	}
	if names := unlike(b, kept); names != nil {
		t.Errorf("making a patch changed %v", names)
	}
	for name, x := range p {
		for unit := range x.Size(0) {
			pruned := strings.HasPrefix(name, "conv2") && (unit == 3 || unit == 5) || strings.HasPrefix(name, "res2") && unit == 15
			row := s.Use(x).Select(0, unit)
			if zero := row.Abs().Max().Item() == 0; zero != pruned || !pruned && !row.Equal(s.Use(kept[name]).Select(0, unit)) {
				t.Errorf("%s of unit %d: zero is %v, want %v and else no change", name, unit, zero, pruned)
			}
		}
	}
	x := torch.NewGenerator(5, torch.CPU).Normal(s.Empty([]int{3, 1, 28, 28}, torch.Float32, torch.CPU), 0, 1)
	look := func() *torch.Tensor {
		_, layers := b.ForwardLayers(x, "conv2.2")
		return layers["conv2.2"]
	}
	torch.NoGrad(func() {
		before := look()
		err = Patched(b, p, func() error {
			after := look()
			for unit := range 8 {
				silent := unit == 3 || unit == 5
				switch y := after.Select(1, unit); {
				case silent && y.Abs().Max().Item() != 0:
					t.Errorf("pruned unit %d gives up to %v", unit, y.Abs().Max().Item())
				case !silent && !y.Equal(before.Select(1, unit)):
					t.Errorf("unit %d changed", unit)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	if names := unlike(b, kept); names != nil {
		t.Errorf("afterwards %v are not what they were", names)
	}
	for want, unit := range map[string]UnitRef{
		"units 0 to 7, and no unit 8": {"conv2.2", 8}, "no unit -1": {"conv2.2", -1},
		"no weights of their own": {"res1.sum", 0}, "there is no layer": {"conv9", 0},
	} {
		if _, err := PruneUnits(s, b, []UnitRef{unit}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// After an error and a panic too an encoder is what it was.
func TestPatchedPutsBack(t *testing.T) {
	torchtest.NoLeak(t)
	b := encoder(t, 1, 1)
	s := torch.NewScope()
	defer s.Close()
	kept := nn.CloneState(s, b)
	p, err := PruneUnits(s, b, []UnitRef{{"conv1.0", 0}})
	if err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no")
	if err := Patched(b, p, func() error { return failure }); !errors.Is(err, failure) {
		t.Errorf("error %v, want the function's", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = Patched(b, p, func() error { panic("out") })
	}()
	if names := unlike(b, kept); names != nil {
		t.Errorf("%v are not what they were", names)
	}
	for name, x := range map[string]*torch.Tensor{"conv7.0.weight": p["conv1.0.bias"], "conv1.0.weight": p["conv1.0.bias"]} {
		ran := false
		if err := Patched(b, Patch{name: x}, func() error { ran = true; return nil }); err == nil || ran {
			t.Errorf("%s: error %v, ran %v", name, err, ran)
		}
	}
	if names := unlike(b, kept); names != nil {
		t.Errorf("a patch that does not fit changed %v", names)
	}
}

func TestReplaceLayers(t *testing.T) {
	torchtest.NoLeak(t)
	a, b := encoder(t, 1, 1), encoder(t, 1, 2)
	unevenStatistics(b, 9)
	s := torch.NewScope()
	defer s.Close()
	kept, other := nn.CloneState(s, a), nn.CloneState(s, b)
	p, err := ReplaceLayers(s, a, other, []string{"res1.1", "conv4.0"})
	if err != nil {
		t.Fatal(err)
	}
	err = Patched(a, p, func() error {
		for name, x := range nn.State(a) {
			from := kept
			if strings.HasPrefix(name, "res1.1.") || strings.HasPrefix(name, "conv4.0.") {
				from = other
			}
			if !x.Equal(from[name]) {
				t.Errorf("%s is not what it should be", name)
			}
		}
		if n := len(unlike(a, kept)); n != 7 { // the scale of the batch norm is 1 in both
			t.Errorf("%d tensors changed, want 7", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if names := unlike(a, kept); names != nil {
		t.Errorf("afterwards %v are not what they were", names)
	}
	wide, err := models.New(models.Config{Model: "resnet9", Width: 5, InChannels: 1}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	defer nn.Free(wide)
	for want, fn := range map[string]func() (Patch, error){
		`no layer "conv7" with tensors; did you mean "conv1"`: func() (Patch, error) { return ReplaceLayers(s, a, other, []string{"conv7"}) },
		`no layer "conv1.2"`:           func() (Patch, error) { return ReplaceLayers(s, a, other, []string{"conv1.2"}) },
		"has shape [5] in the other":   func() (Patch, error) { return ReplaceLayers(s, a, nn.CloneState(s, wide), []string{"conv1"}) },
		`has no "conv1.0.bias"`:        func() (Patch, error) { return ReplaceLayers(s, a, Patch{}, []string{"conv1"}) },
		`other encoder has no "conv1.`: func() (Patch, error) { return TransplantUnits(s, a, Patch{}, []UnitRef{{"conv1.0", 0}}) },
	} {
		if _, err := fn(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// While an encoder is fine-tuned, only the layers that are named move.
func TestTrainOnly(t *testing.T) {
	torchtest.NoLeak(t)
	b := encoder(t, 1, 1)
	d := fashion(t)
	s := torch.NewScope()
	defer s.Close()
	kept := nn.CloneState(s, b)
	frozen := maps.Collect(nn.Parameters(b))["conv3.0.weight"]
	frozen.RequireGrad(false)
	index := make([]int, 32)
	for i := range index {
		index[i] = i
	}
	o := eval.FineTuneOptions{
		Augment: scorer(t).Augment, Optimizer: "sgd", LR: .1, Epochs: 1, BatchSize: 16, Device: torch.CPU,
		TrainIndex: index, TestIndex: index[:4],
	}
	layers := []string{"conv3", "res2.1.0"}
	moved := 0
	o.Report = func(done, total int) {
		for name := range nn.Parameters(b) {
			named := strings.HasPrefix(name, "conv3.") || strings.HasPrefix(name, "res2.1.0.")
			if changed := slices.Contains(unlike(b, kept), name); changed && !named {
				t.Errorf("%s moved", name)
			} else if changed {
				moved++
			}
		}
	}
	err := TrainOnly(b, layers, func() error {
		_, err := eval.FineTune(context.Background(), b, d, d, o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if moved < 4 {
		t.Errorf("%d parameters moved in all steps", moved)
	}
	for name, p := range nn.Parameters(b) {
		if want := p != frozen; p.RequiresGrad() != want {
			t.Errorf("afterwards %s requires a gradient: %v", name, !want)
		}
	}
	want := []string{"conv3.0.weight", "conv3.0.bias", "conv3.1.weight", "conv3.1.bias", "res2.1.0.weight", "res2.1.0.bias"}
	if got, err := LayerParameters(b, layers); err != nil || !slices.Equal(got, want) {
		t.Errorf("parameters %v, %v; want %v", got, err, want)
	}
	if err := TrainOnly(b, []string{"conv3.1.running_mean"}, func() error { return nil }); err == nil || !strings.Contains(err.Error(), "have no parameters") {
		t.Errorf("a layer without parameters gave %v", err)
	}
}
