package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/torch/torchtest"
)

// attackRun trains a run of pairs to attack, by tiny settings and more.
func attackRun(t *testing.T, more ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	args := tiny(dir, "--pairs", "2", "--json", "--set", "score.views=4", "--set", "live.every=0")
	if code, _, stderr := call(append(args, more...)...); code != ExitOK {
		t.Fatal(stderr)
	}
	return dir
}

// refuses expects that a command fails, with the exit code and a text.
func refuses(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	if got, _, stderr := call(args...); got != code || !strings.Contains(stderr, want) {
		t.Errorf("%v: exit code %d: %s; want %d, %q", args, got, stderr, code, want)
	}
}

func TestDejaVuOfARun(t *testing.T) {
	torchtest.NoLeak(t)
	dir := attackRun(t)
	attack := func(args ...string) *cropAttack {
		t.Helper()
		code, stdout, stderr := call(append(append([]string{"dejavu", "--json"}, args...), dir)...)
		var o dejaVuOutcome
		if err := json.Unmarshal([]byte(stdout), &o); code != ExitOK || err != nil {
			t.Fatalf("%v: %d %v %s", args, code, err, stderr)
		}
		if len(o.Files) != 2 || o.Run != dir {
			t.Errorf("outcome %+v", o.outcome)
		}
		return o.Attack
	}
	a := attack("--k", "20", "--crop", ".5")
	if a.K != 20 || a.Public != 6000-60 || a.Report.Points != 40 || a.Report.Pairs != 2 || len(a.Report.Levels) != 3 || len(a.Report.Curve) != 100 {
		t.Errorf("%+v", a)
	}
	if l := a.Report.Levels[0]; l.Share != 1 || l.N != 20 || !l.TargetCI.Contains(l.Target) || l.Score != l.Target-l.Reference {
		t.Errorf("%+v", l)
	}
	rows := table(t, filepath.Join(dir, rundir.DejaVuFile))
	if len(rows) != 1+2*40 {
		t.Errorf("dejavu.csv has %d rows", len(rows))
	}
	outcomes := map[string]int{}
	for _, row := range rows[1:] {
		outcomes[row[4]]++
	}
	if got := float64(outcomes["memorized"]) / 80; got != a.Report.Memorized {
		t.Errorf("%v of the rows are memorized, and the report says %v", got, a.Report.Memorized)
	}
	var saved cropAttack
	if err := rundir.ReadJSON(filepath.Join(dir, rundir.DejaVuReport), &saved); err != nil || saved.Report.Memorized != a.Report.Memorized {
		t.Errorf("dejavu.json: %+v, %v", saved, err)
	}
	// The test images in the place of those, the projector, another corner, and a
	// classifier of crops as the reference.
	other := attack("--k", "20", "--crop", ".5", "--public", "test", "--embedding", "projector", "--corner", "upper-right", "--one-model")
	if other.Public != 1000 || other.Report.Points != 40 || !strings.Contains(other.ReferenceIs, "logistic") || other.Report.Memorized+other.Report.Forgotten+other.Report.Correlated+other.Report.Unassociated < .999 {
		t.Errorf("%+v", other)
	}
	code, stdout, stderr := call("dejavu", dir)
	for _, want := range []string{"the lower-left 30 % of each side", "the 50 nearest of 5940", "most confident", "déjà vu", "most frequent class", "memorized"} {
		if code != ExitOK || !strings.Contains(stdout, want) {
			t.Errorf("%d %s%s; want %q", code, stdout, stderr, want)
		}
	}
	refuses(t, ExitUsage, "--k is 5941, but there are 5940 public images", "dejavu", "--k", "5941", dir)
	refuses(t, ExitUsage, "--k is 0", "dejavu", "--k", "0", dir)
	refuses(t, ExitUsage, "a crop of 0 ", "dejavu", "--crop", "0", dir)
	refuses(t, ExitUsage, "a crop of 1 ", "dejavu", "--crop", "1", dir)
	refuses(t, ExitUsage, "not a corner", "dejavu", "--corner", "middle", dir)
	refuses(t, ExitUsage, "unseen or test", "dejavu", "--public", "mine", dir)
	refuses(t, ExitUsage, "encoder or projector", "dejavu", "--embedding", "head", dir)
	refuses(t, ExitUsage, "did you mean --corner", "dejavu", "--cornr", "x", dir)
	if err := os.RemoveAll(filepath.Join(dir, rundir.HeadsDir)); err != nil {
		t.Fatal(err)
	}
	refuses(t, ExitFailure, "keep_heads", "dejavu", "--embedding", "projector", dir)
	if err := os.Remove(filepath.Join(dir, rundir.EncodersDir, "g1.safetensors")); err != nil {
		t.Fatal(err)
	}
	refuses(t, ExitFailure, "g1", "dejavu", dir)
}

// Attacks need pairs, and Déjà Vu classes.
func TestAttacksRefuseRuns(t *testing.T) {
	torchtest.NoLeak(t)
	single := filepath.Join(t.TempDir(), "single")
	if code, _, stderr := call(tiny(single, "--json", "--set", "live.every=0", "--set", "recipe.epochs=2", "--data", jpegClasses(t, 40), "--set", "image_size=28")...); code != ExitOK {
		t.Fatal(stderr)
	}
	refuses(t, ExitFailure, "train --pair", "dejavu", single)
	refuses(t, ExitFailure, "train --pair", "membership", single)
	unlabelled := jpegClasses(t, 85)
	for _, class := range []string{"class0", "class1", "class2"} {
		files, err := os.ReadDir(filepath.Join(unlabelled, class))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.Rename(filepath.Join(unlabelled, class, f.Name()), filepath.Join(unlabelled, f.Name())); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Remove(filepath.Join(unlabelled, class)); err != nil {
			t.Fatal(err)
		}
	}
	dir := attackRun(t, "--data", unlabelled, "--set", "image_size=28", "--set", "keep_heads=false")
	if exists(filepath.Join(dir, rundir.HeadsDir)) {
		t.Error("heads are kept against the settings")
	}
	refuses(t, ExitFailure, "has none", "dejavu", dir)
}
