package ssl_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/models"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// withPrivacy follows the name of a method that is trained with privacy.
const withPrivacy = "+privacy"

// private makes the recipe of a test private. Some of its batches are empty.
func private(r ssl.Recipe) ssl.Recipe {
	r.BatchSize = 2
	r.Privacy = &ssl.Privacy{MaxGradNorm: .1, NoiseMultiplier: .7, Delta: 1e-3}
	return r
}

// A method either says why the gradient of an image is not its own, and is refused with
// that, or trains with privacy if its encoder has no batch norm, nor its heads.
func TestEveryMethodAndPrivacy(t *testing.T) {
	for _, m := range ssl.Methods() {
		entry, err := recipes.Demo(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		r := private(entry.Recipe)
		if why := m.Mixes + m.Remembers; why != "" {
			if err := r.Check(); err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "take mae") {
				t.Errorf("%s: error %v does not say that %s", m.Name, err, why)
			}
			continue
		}
		r.Model = "resnet9"
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), "batch norm") {
			t.Errorf("%s with a ResNet: error %v", m.Name, err)
		}
		r.Model, r.Width, r.PatchSize, r.Augment.Size = "vit_tiny", 12, 7, 28
		if err := r.Check(); err != nil {
			t.Error(err)
			continue
		}
		trainer, err := ssl.New(r, 1, 10, 1)
		if err != nil {
			t.Error(err)
			continue
		}
		if batchNorm(trainer) {
			t.Errorf("%s has a batch norm and is not refused", m.Name)
		}
		ssl.Free(trainer)
	}
}

func batchNorm(m nn.Module) bool {
	for name := range nn.State(m) {
		if strings.HasSuffix(name, "running_mean") {
			return true
		}
	}
	return false
}

// The encoders that are said to have a batch norm have one, and no others.
func TestHasBatchNorm(t *testing.T) {
	for _, name := range models.Names() {
		c := models.Config{Model: name, Width: 12, InChannels: 1, PatchSize: 14, ImageSize: 28}
		if models.HasBatchNorm(name) {
			c = models.Config{Model: name, Width: 8, InChannels: 1}
		}
		b, err := models.New(c, torch.NewGenerator(0, torch.CPU))
		if err != nil {
			t.Fatal(err)
		}
		if got := batchNorm(b); got != models.HasBatchNorm(name) {
			t.Errorf("%s has a batch norm: %v, but it is said to be %v", name, got, !got)
		}
		nn.Free(b)
	}
}

func TestPrivacyRefuses(t *testing.T) {
	entry, err := recipes.Demo("mae")
	if err != nil {
		t.Fatal(err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		change func(r *ssl.Recipe)
		want   string
	}{
		{func(r *ssl.Recipe) { r.Privacy.MaxGradNorm = 0 }, "max_grad_norm is 0 but must be above 0"},
		{func(r *ssl.Recipe) { r.Privacy.MaxGradNorm = inf }, "max_grad_norm is +Inf"},
		{func(r *ssl.Recipe) { r.Privacy.NoiseMultiplier = -1 }, "noise_multiplier is -1"},
		{func(r *ssl.Recipe) { r.Privacy.NoiseMultiplier = nan }, "noise_multiplier is NaN"},
		{func(r *ssl.Recipe) { r.Privacy.TargetEpsilon = 8 }, "set one of them to 0"},
		{func(r *ssl.Recipe) { r.Privacy.NoiseMultiplier, r.Privacy.TargetEpsilon = 0, inf }, "for an infinite one"},
		{func(r *ssl.Recipe) { r.Privacy.Delta = 0 }, "delta is 0 but must be above 0 and below 1"},
		{func(r *ssl.Recipe) { r.Privacy.Delta = 1 }, "delta is 1"},
		{func(r *ssl.Recipe) { r.Accumulate = 2 }, "set accumulate (now 2) to 1"},
		{func(r *ssl.Recipe) { r.Precision = ssl.FP16 }, "leaves out steps"},
	} {
		r := private(entry.Recipe)
		c.change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	r := private(entry.Recipe)
	if _, err := r.Guarantee(1); err == nil || !strings.Contains(err.Error(), "cannot be drawn from 1 images") {
		t.Errorf("error %v", err)
	}
	r.Privacy.NoiseMultiplier, r.Privacy.TargetEpsilon, r.Privacy.Delta = 0, 1e-9, 1e-12
	l := methodLoop(t, "mae", 1)
	l.Recipe = r
	if err := l.Check(); err == nil || !strings.Contains(err.Error(), "no noise reaches") {
		t.Errorf("error %v", err)
	}
}

// What is spent is reported at the end of each epoch and stands in checkpoints; in the end
// it is what the recipe said, and no more than its target.
func TestPrivacyIsReported(t *testing.T) {
	torchtest.NoLeak(t)
	l := methodLoop(t, "mae"+withPrivacy, 3)
	l.Recipe.Privacy.NoiseMultiplier, l.Recipe.Privacy.TargetEpsilon = 0, 8
	g, err := l.Recipe.Guarantee(len(l.Index))
	if err != nil {
		t.Fatal(err)
	}
	if !(g.Spent.Epsilon <= 8 && g.Spent.Epsilon > 7.99) || g.Steps != 39 || g.SampleRate != 2./26 {
		t.Errorf("the recipe says %+v", g)
	}
	var spent []float64
	l.Report = func(p ssl.Progress) {
		if p.EpochEnd {
			spent = append(spent, p.Epsilon)
		} else if !math.IsNaN(p.Epsilon) {
			t.Errorf("step %d reports ε %v", p.Step, p.Epsilon)
		}
	}
	checkpoint := final(t, l)
	if len(spent) != 3 || !slices.IsSorted(spent) || spent[0] <= 0 || spent[2] != g.Spent.Epsilon {
		t.Errorf("ε of the epochs is %v, want it to grow to %v", spent, g.Spent.Epsilon)
	}
	if want := fmt.Sprintf(`\"privacy\":{\"epsilon\":%v,\"delta\":0.001`, g.Spent.Epsilon); !bytes.Contains(checkpoint, []byte(want)) {
		t.Errorf("the checkpoint does not say %s", want)
	}
	if text := g.String(); !strings.HasPrefix(text, "ε 8 at δ 0.001 after 39 steps") && !strings.HasPrefix(text, "ε 7.") {
		t.Errorf("it reads %q", text)
	}
}

// Without noise that is said, and so is a δ that protects nobody.
func TestPrivacyWarns(t *testing.T) {
	torchtest.NoLeak(t)
	l := methodLoop(t, "mae"+withPrivacy, 1)
	l.Recipe.Privacy.NoiseMultiplier, l.Recipe.Privacy.Delta = 0, .1
	l.Recipe.Optimizer.WarmupEpochs = 0
	var warned []string
	l.Warn = func(text string) { warned = append(warned, text) }
	last := 0.
	l.Report = func(p ssl.Progress) { last = p.Epsilon }
	trainer, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ssl.Free(trainer)
	if all := strings.Join(warned, "\n"); !strings.Contains(all, "there is no noise, so ε is infinite") || !strings.Contains(all, "privacy.delta is 0.1") {
		t.Errorf("the warnings are %q", warned)
	}
	if !math.IsInf(last, 1) {
		t.Errorf("ε is %v, want +Inf", last)
	}
}
