package cli

import (
	"path/filepath"
	"slices"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/mem"
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
