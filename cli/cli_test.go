package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sslmem/cli/rundir"
	"sslmem/mem"
	"sslmem/torch/torchtest"
)

// childEnv makes the test binary be the program, for tests that stop it.
const childEnv = "SSLMEM_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(Main(append([]string{"sslmem"}, os.Args[1:]...), os.Stdout, os.Stderr))
	}
	torchtest.Main(m)
}

// call runs the program in this process.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Main(append([]string{"sslmem"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

// small are settings under which a whole demo takes a second or two.
func small(out string, more ...string) []string {
	args := []string{"demo", "--out", out, "--pairs", "2", "--seed", "5"}
	for _, s := range []string{
		"recipe.width=4", "recipe.epochs=4", "recipe.optimizer.warmup_epochs=1", "recipe.batch_size=20", "score.views=4", "score.curve_points=2",
		"splits.shared=20", "splits.candidate=20", "splits.independent=20", "splits.external=20",
	} {
		args = append(args, "--set", s)
	}
	return append(args, more...)
}

var wantFiles = []string{
	"config.toml", "environment.json", "splits.json", "metrics.csv", "metrics.jsonl", "tensorboard/f0", "scores.csv", "summary.json", "curve.csv", "report.html",
	"encoders/f0.safetensors", "encoders/g0.safetensors", "encoders/f1.safetensors", "encoders/g1.safetensors",
	"figures/histogram.png", "figures/histogram.svg", "figures/means.png", "figures/loss.svg", "figures/curve.png",
	"figures/scatter.png", "figures/images.png",
}

func TestDemoMakesAWholeRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	code, stdout, stderr := call(small(dir, "--json")...)
	if code != ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, f := range wantFiles {
		if info, err := os.Stat(filepath.Join(dir, f)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
	var o outcome
	if err := json.Unmarshal([]byte(stdout), &o); err != nil {
		t.Fatalf("--json printed no JSON: %v\n%s", err, stdout)
	}
	if o.Summary == nil || o.Summary.Points != 80 || len(o.Summary.Seeds) != 2 {
		t.Errorf("summary %+v, want one of 80 points and 2 pairs", o.Summary)
	}
	scores, err := mem.LoadCSV(filepath.Join(dir, rundir.ScoresFile))
	if err != nil || scores.Len() != 80 {
		t.Errorf("scores.csv: %v", err)
	}
	rows, err := rundir.ReadMetrics(filepath.Join(dir, rundir.MetricsFile))
	if err != nil || len(rows) != 4*4 {
		t.Errorf("metrics.csv has %d rows (%v), want 4 encoders × 4 epochs", len(rows), err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "encoders", "*epoch*"))
	if err != nil || len(left) > 0 {
		t.Errorf("snapshots were left behind: %v", left)
	}

	// A second run does not touch the first, and resuming a finished one keeps
	// what is there.
	before, _ := os.ReadFile(filepath.Join(dir, rundir.ScoresFile))
	if code, _, stderr := call(small(dir)...); code != ExitFailure || !strings.Contains(stderr, "overwrite") {
		t.Errorf("a run was started over another: %d %s", code, stderr)
	}
	if code, _, stderr := call("demo", "--resume", dir, "--json"); code != ExitOK {
		t.Errorf("resuming a finished run: %d %s", code, stderr)
	}
	after, _ := os.ReadFile(filepath.Join(dir, rundir.ScoresFile))
	if !bytes.Equal(before, after) {
		t.Error("resuming a finished run changed its scores")
	}
	if code, _, stderr := call("plot", dir); code != ExitOK {
		t.Errorf("plot: %d %s", code, stderr)
	}
	_, short, _ := call("score", dir)
	if _, full, _ := call("score", "--full", dir); !strings.Contains(full, "Hedges' g") || strings.Contains(short, "Hedges' g") {
		t.Errorf("score --full prints\n%s\nand without it\n%s", full, short)
	}
}

// train, score and plot, one after the other, give what demo gives.
func TestStepsEqualDemo(t *testing.T) {
	torchtest.NoLeak(t)
	root := t.TempDir()
	demo, steps := filepath.Join(root, "demo"), filepath.Join(root, "steps")
	if code, _, stderr := call(small(demo)...); code != ExitOK {
		t.Fatal(stderr)
	}
	args := small(steps)
	args[0] = "train"
	for _, args := range [][]string{args, {"score", steps}, {"plot", steps}} {
		if code, _, stderr := call(args...); code != ExitOK {
			t.Fatalf("%v: %s", args, stderr)
		}
	}
	for _, f := range []string{rundir.ScoresFile, rundir.CurveFile, "encoders/g1.safetensors"} {
		a, _ := os.ReadFile(filepath.Join(demo, f))
		b, _ := os.ReadFile(filepath.Join(steps, f))
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s differs between demo and its steps", f)
		}
	}
}

// A run that is killed again and again and resumed equals one that is not.
func TestKilledRunResumes(t *testing.T) {
	root := t.TempDir()
	whole, killed := filepath.Join(root, "whole"), filepath.Join(root, "killed")
	more := []string{"--set", "recipe.epochs=20"}
	if code, _, stderr := call(small(whole, more...)...); code != ExitOK {
		t.Fatal(stderr)
	}
	args := small(killed, more...)
	for i, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGKILL} {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		child := exec.CommandContext(ctx, os.Args[0], args...)
		child.Env = append(os.Environ(), childEnv+"=1")
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// Once the run can be resumed, it has a random moment more.
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if exists(filepath.Join(killed, rundir.EnvironmentFile)) {
				break
			}
		}
		time.Sleep(time.Duration(300+150*i) * time.Millisecond)
		_ = child.Process.Signal(sig) // it may be done already
		_ = child.Wait()
		cancel()
		args = []string{"demo", "--resume", killed}
	}
	if code, _, stderr := call(args...); code != ExitOK {
		t.Fatal(stderr)
	}
	for _, f := range []string{rundir.ScoresFile, rundir.CurveFile, "encoders/f0.safetensors", "encoders/g1.safetensors"} {
		a, _ := os.ReadFile(filepath.Join(whole, f))
		b, _ := os.ReadFile(filepath.Join(killed, f))
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s differs from that of the run that was not stopped", f)
		}
	}
}

func TestMistakesAreOneSentence(t *testing.T) {
	root := t.TempDir()
	trained := filepath.Join(root, "trained")
	args := small(trained)
	args[0] = "train"
	if code, _, stderr := call(args...); code != ExitOK {
		t.Fatal(stderr)
	}
	truncated := filepath.Join(root, "images-idx3-ubyte")
	if err := os.WriteFile(truncated, []byte{0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2, 3}, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string // in the message
	}{
		{[]string{"demmo"}, ExitUsage, `did you mean "demo"`},
		{[]string{"demo", "--devise", "cpu"}, ExitUsage, "did you mean --device"},
		{[]string{"demo", "extra"}, ExitUsage, "extra"},
		{[]string{"demo", "--device", "tpu"}, ExitUsage, "known are auto, cpu, cuda"},
		{[]string{"demo", "--set", "recipe.epoch=3"}, ExitUsage, `did you mean "recipe.epochs"`},
		{[]string{"demo", "--set", "recipe.epochs=many"}, ExitUsage, "recipe.epochs"},
		{[]string{"demo", "--set", "recipe.method=simcrl"}, ExitUsage, "did you mean simclr?"},
		{[]string{"demo", "--set", "nonsense"}, ExitUsage, "key=value"},
		{[]string{"demo", "--set", "splits.shared=7000"}, ExitUsage, "only 6000"},
		{[]string{"demo", "--set", "recipe.batch_size=5000"}, ExitUsage, "lower batch_size"},
		{[]string{"demo", "--set", "score.rule=raw"}, ExitUsage, "use one of all, disjoint, anchor"},
		{[]string{"demo", "--set", "score.augment=indep"}, ExitUsage, "did you mean independent"},
		{[]string{"demo", "--set", "score.rule=disjoint", "--set", "score.curve_views=3"}, ExitUsage, "even number of views, not 3"},
		{[]string{"demo", "--pairs", "0"}, ExitUsage, "pairs"},
		{[]string{"demo", "--config", filepath.Join(root, "none.toml")}, ExitUsage, "none.toml"},
		{[]string{"demo", "--resume", trained, "--seed", "9"}, ExitUsage, "--seed"},
		{[]string{"demo", "--resume", filepath.Join(root, "none")}, ExitFailure, "no run"},
		{[]string{"demo", "--data", truncated}, ExitFailure, "images-idx3-ubyte"},
		{[]string{"demo", "--data", filepath.Join(root, "none")}, ExitFailure, "none"},
		{[]string{"demo", "--out", root}, ExitFailure, "holds no run"},
		{[]string{"score"}, ExitUsage, "needs the folder of a run"},
		{[]string{"score", trained, "--json"}, ExitUsage, "before the run"},
		{[]string{"plot", trained}, ExitFailure, "sslmem score"},
	} {
		code, stdout, stderr := call(c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %q; want %d and %q", c.args, code, stderr, c.code, c.want)
		}
		if strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%v: not one line on standard error: %q, %q", c.args, stderr, stdout)
		}
	}
	if left, _ := os.ReadDir("runs"); len(left) > 0 {
		t.Errorf("a run that could not start left %v behind", left)
	}

	// Weights of another shape, and a damaged file.
	path := filepath.Join(trained, "encoders", "g1.safetensors")
	config := filepath.Join(trained, rundir.ConfigFile)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, bytes.Replace(text, []byte("width = 4"), []byte("width = 8"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call("score", trained); code != ExitFailure || !strings.Contains(stderr, "width is 4 in the file, not 8") {
		t.Errorf("weights of another shape: %d %s", code, stderr)
	}
	if err := os.WriteFile(config, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call("score", trained); code != ExitFailure || !strings.Contains(stderr, "g1.safetensors") {
		t.Errorf("a truncated encoder: %d %s", code, stderr)
	}
	if exists(filepath.Join(trained, rundir.SummaryFile)) {
		t.Error("a scoring that failed left a summary")
	}
}

func TestStartAndVersionAndDoctor(t *testing.T) {
	if code, stdout, _ := call(); code != ExitOK || !strings.Contains(stdout, "Three things to try") {
		t.Errorf("no arguments: %d %q", code, stdout)
	}
	if code, stdout, _ := call("version"); code != ExitOK || !strings.Contains(stdout, "libtorch 2.") {
		t.Errorf("version: %d %q", code, stdout)
	}
	code, stdout, stderr := call("doctor", "--json")
	var findings []finding
	if err := json.Unmarshal([]byte(stdout), &findings); err != nil || len(findings) < 7 {
		t.Errorf("doctor: %v in %q", err, stdout)
	}
	for _, f := range findings {
		if !f.OK {
			t.Logf("doctor found: %s: %s (%s)", f.Name, f.Detail, stderr)
			if code != ExitFailure {
				t.Error("doctor found something wrong and ended with exit code", code)
			}
		}
	}
}

// Where encoders are trained one after the other, a training that fails ends
// the run at once, with one sentence.
func TestFailedTrainingEndsTheRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	code, _, stderr := call(small(dir, "--json", "--set", "threads=0", "--set", "recipe.optimizer.lr=1e30")...)
	if code != ExitFailure || !strings.Contains(stderr, "training of f0: the loss became") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	text, err := os.ReadFile(filepath.Join(dir, rundir.MetricsFile))
	if err != nil || strings.Contains(string(text), "g0") {
		t.Errorf("g0 was trained after f0 failed (%v): %s", err, text)
	}
}
