package cli

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/data/augment"
	"sslmem/mem"
	"sslmem/ssl/recipes"
	"sslmem/torch/torchtest"
)

// How views are drawn and paired changes the scores and not the encoders.
func TestViewsOfScores(t *testing.T) {
	torchtest.NoLeak(t)
	root := t.TempDir()
	losses := func(name string, set ...string) []float64 {
		dir := filepath.Join(root, name)
		args := small(dir, "--pairs", "1")
		for _, s := range append([]string{"recipe.epochs=1", "recipe.optimizer.warmup_epochs=0", "score.curve_points=0"}, set...) {
			args = append(args, "--set", s)
		}
		if code, _, stderr := call(args...); code != ExitOK {
			t.Fatalf("%s: %s", name, stderr)
		}
		s, err := mem.LoadCSV(filepath.Join(dir, rundir.ScoresFile))
		if err != nil {
			t.Fatal(err)
		}
		return s.LossF()
	}
	vit := []string{"recipe.model=vit_tiny", "recipe.width=6", "recipe.patch_size=7"}
	for _, model := range [][]string{nil, vit} {
		want := losses("default"+filepath.Join(model...), model...)
		seen := [][]float64{want}
		changes := []string{"score.rule=anchor", "score.augment=independent"}
		if model != nil {
			changes = []string{"score.augment=masking"}
		}
		for _, change := range changes {
			got := losses(change+filepath.Join(model...), append([]string{change}, model...)...)
			if slices.Min(got) <= 0 || slices.ContainsFunc(seen, func(x []float64) bool { return slices.Equal(x, got) }) {
				t.Errorf("%s: losses %v", change, got)
			}
			seen = append(seen, got)
		}
	}
}

// Scored by the views of the training, an encoder that has learned from some patches
// is scored by some patches; what cannot be scored so is known before the training.
func TestMaskOfScores(t *testing.T) {
	e, err := recipes.Lookup("mae-demo")
	if err != nil {
		t.Fatal(err)
	}
	s := Defaults()
	s.use(e)
	if got, want := s.Score.mask(s.Recipe), (augment.Mask{Patch: 1, Ratio: .75}); got != want {
		t.Errorf("the mask for MAE is %v, want %v", got, want)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if got := Defaults().Score.mask(Defaults().Recipe); got != (augment.Mask{}) {
		t.Errorf("the mask for SimCLR is %v, want none", got)
	}
	s.Score.Rule = mem.RawAnchor
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "masked") {
		t.Errorf("anchor and mask: %v", err)
	}
	s = Defaults()
	s.Score.Augment = "masking"
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "only a ViT") {
		t.Errorf("mask and ResNet: %v", err)
	}
}
