package cli

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/mem"
	"sslmem/torch/torchtest"
)

// Supervised pairs that are trained long enough remember the labels of what they saw.
func TestLabelsOfARun(t *testing.T) {
	torchtest.NoLeak(t)
	other := attackRun(t)
	dir := attackRun(t, "--recipe", "supervised-demo", "--set", "recipe.width=8", "--set", "recipe.epochs=30", "--set", "recipe.optimizer.warmup_epochs=1", "--set", "recipe.batch_size=20")
	refuses(t, ExitFailure, "is not scored yet", "labels", "--with", other, dir)
	if code, _, stderr := call("score", other); code != ExitOK {
		t.Fatal(stderr)
	}
	code, stdout, stderr := call("labels", "--json", "--with", other, dir)
	var o labelsOutcome
	if err := json.Unmarshal([]byte(stdout), &o); code != ExitOK || err != nil {
		t.Fatalf("%d %v %s", code, err, stderr)
	}
	l := o.Report
	if l.Encoders != 4 || len(l.Sets) != 2 || len(l.Agree) != 2 || l.Agree[0].N != 20 || l.Agree[1].Overlaps[0].K != 2 || l.With != other {
		t.Errorf("%+v", l)
	}
	for _, s := range l.Sets {
		if s.N != 20 || s.Mean <= 0 || s.Mean != s.CorrectIn-s.CorrectOut || !s.CI.Contains(s.Mean) {
			t.Errorf("%+v", s)
		}
	}
	rows := table(t, filepath.Join(dir, rundir.LabelsFile))
	if len(rows) != 1+40 || len(rows[0]) != 7 {
		t.Errorf("labels.csv: %d rows of %v", len(rows), rows[0])
	}
	// m is that of the encoder that saw the image: with the other sign on S_I.
	scores, err := mem.LoadCSV(filepath.Join(other, rundir.ScoresFile))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range scores.M(mem.Raw) {
		sign := map[mem.Set]float64{mem.Candidate: 1, mem.Independent: -1}[scores.Set[i]]
		for _, row := range rows[1:] {
			if row[1] != strconv.Itoa(scores.Index[i]) {
				continue
			}
			if got, err := strconv.ParseFloat(row[6], 64); err != nil || math.Abs(got-sign*m) > 1e-12 {
				t.Errorf("m of image %s is %s, want %v", row[1], row[6], sign*m)
			}
		}
	}
	code, stdout, stderr = call("labels", dir)
	if code != ExitOK || !strings.Contains(stdout, "by 4 classifiers") || !strings.Contains(stdout, "S_I  20") || strings.Contains(stdout, "Compared") {
		t.Errorf("%d %s%s", code, stdout, stderr)
	}
	refuses(t, ExitFailure, "learns no labels", "labels", other)
	refuses(t, ExitFailure, "", "labels", "--with", filepath.Join(dir, "none"), dir)
	refuses(t, ExitFailure, "no projector", "dejavu", "--embedding", "projector", dir)
	refuses(t, ExitUsage, "--with must stand before", "labels", dir, "--with", other)
	seed := attackRun(t, "--seed", "9")
	refuses(t, ExitFailure, "other images in S_C", "labels", "--with", seed, dir)
}
