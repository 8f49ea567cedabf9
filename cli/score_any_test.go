package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/encoders"
	"sslmem/internal/python"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// list writes a file of indices, one a line.
func list(t *testing.T, index ...int) string {
	t.Helper()
	var b strings.Builder
	for _, i := range index {
		fmt.Fprintln(&b, i)
	}
	return write(t, "index.txt", b.String())
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// scorePair scores two encoders, and returns what is printed as JSON and the scores.
func scorePair(t *testing.T, args ...string) (pairOutcome, *mem.Scores) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "scores")
	code, stdout, stderr := call(append([]string{"score", "--json", "-o", out}, args...)...)
	var o pairOutcome
	if err := json.Unmarshal([]byte(stdout), &o); code != ExitOK || err != nil {
		t.Fatalf("%v: exit code %d, %v: %s", args, code, err, stderr)
	}
	scores, err := mem.LoadCSV(filepath.Join(out, rundir.ScoresFile))
	if err != nil {
		t.Fatal(err)
	}
	return o, scores
}

// warned returns the names of the warnings.
func warned(o pairOutcome) string {
	var names []string
	for _, w := range o.Summary.Warnings {
		names = append(names, w.Name)
	}
	return strings.Join(names, " ")
}

// closeScores compares the losses of two scorings.
func closeScores(t *testing.T, got, want *mem.Scores, tolerance float64) {
	t.Helper()
	torchtest.Close(t, got.Pairs[0].F, want.Pairs[0].F, []int{want.Len()}, tolerance, tolerance)
	torchtest.Close(t, got.Pairs[0].G, want.Pairs[0].G, []int{want.Len()}, tolerance, tolerance)
}

// The encoders of a run are scored from their files as the run scores them, and their
// weights alone, as PyTorch would save them, in the same way.
func TestScorePairIsScoreOfRun(t *testing.T) {
	torchtest.NoLeak(t)
	root := t.TempDir()
	dir := filepath.Join(root, "run")
	if code, _, stderr := call(append(small(dir), "--pairs", "1")...); code != ExitOK {
		t.Fatal(stderr)
	}
	want, err := mem.LoadCSV(filepath.Join(dir, rundir.ScoresFile))
	if err != nil {
		t.Fatal(err)
	}
	own := func(name string) string { return filepath.Join(dir, rundir.EncodersDir, name+".safetensors") }
	common := []string{"--data", data.Carried, "--seed", "5", "--set", "score.views=4"}
	split := []string{"--split", filepath.Join(dir, rundir.SplitsFile)}
	o, got := scorePair(t, append(append([]string{"--f", own("f0"), "--g", own("g0")}, common...), split...)...)
	closeScores(t, got, want, 1e-5)
	if warned(o) != "" || o.F.Config.Width != 4 || o.Summary.Points != 80 || o.Settings.Score.Views != 4 {
		t.Errorf("%+v: %+v", o, o.Summary.Warnings)
	}

	// Bare weights, whose views are those in the folder, and sets by file.
	sets, err := data.LoadSplits(filepath.Join(dir, rundir.SplitsFile))
	if err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	bare := func(name string) string {
		state, _, err := torch.LoadSafetensors(s, own(name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name+".pth")
		if err := torch.SavePT(path, maps.All(state)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	candidate, err := json.Marshal(sets.Candidate)
	if err != nil {
		t.Fatal(err)
	}
	o, bares := scorePair(t, append([]string{
		"--f", bare("f0"), "--g", bare("g0"), "--augment", filepath.Join(o.Run, rundir.ViewsFile),
		"--shared", list(t, sets.Shared...), "--candidate", write(t, "c.json", string(candidate)),
		"--independent", list(t, sets.Independent...), "--external", list(t, sets.External...),
	}, common...)...)
	closeScores(t, bares, got, 0)
	if warned(o) != "" || len(o.F.Notes) == 0 {
		t.Errorf("%+v: %+v", o, o.Summary.Warnings)
	}

	about, err := os.ReadFile(filepath.Join(o.Run, rundir.AboutFile))
	if err != nil || strings.Count(string(about), `"sha256"`) != 2 || !strings.Contains(string(about), `"model": "resnet9"`) {
		t.Errorf("%v\n%s", err, about)
	}

	// The folder has all to do it again.
	_, again := scorePair(t, "--config", filepath.Join(o.Run, rundir.ConfigFile))
	closeScores(t, again, bares, 0)
	if _, fewer := scorePair(t, "--config", filepath.Join(o.Run, rundir.ConfigFile), "--set", "score.views=2", "--set", "score.distance=cosine"); fewer.HasHalves() {
		t.Error("a setting was not changed")
	}
	for _, f := range o.Files {
		if info, err := os.Stat(f); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
	if entries, err := os.ReadDir(o.Run); err != nil || len(entries) != len(o.Files)+1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if code, _, stderr := call("plot", o.Run); code != ExitFailure || !strings.Contains(stderr, "trained elsewhere") {
		t.Errorf("plot: %d %s", code, stderr)
	}
	code, _, stderr := call("score", "--config", filepath.Join(o.Run, rundir.ConfigFile), "--out", o.Run)
	if code != ExitFailure || !strings.Contains(stderr, "overwrite") {
		t.Errorf("a result was replaced: %d %s", code, stderr)
	}
	code, stdout, stderr := call("score", "--config", filepath.Join(o.Run, rundir.ConfigFile), "--out", o.Run, "--overwrite", "--full")
	if code != ExitOK || !strings.Contains(stdout, "note: By its weights it is a resnet9") || !strings.Contains(stdout, "Hedges' g") || !strings.Contains(stdout, "next:") {
		t.Errorf("%d %s %s", code, stdout, stderr)
	}
}

const (
	foreign       = "../encoders/testdata/bare.pth"
	foreignScript = "../encoders/testdata/features.pt"
)

// colors are 40 images of 16×16 in three classes, and the flags to score 30 of them.
func colors(t *testing.T) []string {
	return []string{
		"--data", jpegClasses(t, 40), "--image-size", "16", "--augment", "simclr-cifar", "--size", "16", "--mean", "0.5,0.5,0.5", "--std", "0.2,0.2,0.2", "--set", "score.views=4",
		"--split", write(t, "s.json", `{"shared": [0,1,2,3,4,5,6,7,8,9], "candidate": [10,11,12,13,14,15,16,17,18,19], "independent": [20,21,22,23,24], "external": [30,31,32,33,34]}`),
	}
}

// A state_dict of PyTorch, its perturbed copy and TorchScript of the same network.
func TestScoreForeignPair(t *testing.T) {
	torchtest.NoLeak(t)
	common := colors(t)
	s := torch.NewScope()
	defer s.Close()
	weights, err := torch.LoadPT(s, foreign, torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.pth")
	g := torch.NewGenerator(1, torch.CPU)
	perturbed := map[string]*torch.Tensor{}
	for name, w := range weights.Tensors {
		perturbed["module."+name] = w
		if strings.HasSuffix(name, "conv1.weight") {
			perturbed["module."+name] = w.Add(g.Normal(s.Empty(w.Shape(), torch.Float32, torch.CPU), 0, .02))
		}
	}
	if err := torch.SavePT(other, maps.All(perturbed)); err != nil {
		t.Fatal(err)
	}

	same, scores := scorePair(t, append([]string{"--f", foreign, "--g", foreign}, common...)...)
	if !strings.Contains(warned(same), mem.SameEncoders) {
		t.Errorf("f = g gives the warnings %q", warned(same))
	}
	for _, m := range scores.M(mem.Raw) {
		if m != 0 {
			t.Fatalf("f = g gives m = %v", m)
		}
	}
	o, weightScores := scorePair(t, append([]string{"--f", foreign, "--g", other}, common...)...)
	if warned(o) != "" {
		t.Errorf("warnings %q", warned(o))
	}
	mixed, scripted := scorePair(t, append([]string{"--f", foreignScript, "--g", other}, common...)...)
	closeScores(t, scripted, weightScores, 1e-5)
	if warned(mixed) != "different_encoders" {
		t.Errorf("TorchScript and weights give the warnings %q", warned(mixed))
	}
	if slices.Equal(weightScores.M(mem.Raw), scores.M(mem.Raw)) {
		t.Error("a perturbed copy has the scores of the same encoder")
	}

	// Too few points for tests, and views that nothing says.
	few := append([]string{"--f", foreign, "--g", other}, common[:len(common)-2]...)
	o, _ = scorePair(t, append(few, "--candidate", list(t, 1, 2, 3), "--shared", list(t, 4))...)
	if w := warned(o); !strings.Contains(w, mem.TooFewPoints) || !strings.Contains(w, mem.NoExternal) {
		t.Errorf("one shared image gives the warnings %q", w)
	}
}

// An encoder that has learned from some patches of its views is scored by some, also far
// from its run.
func TestScorePairOfMaskedEncoders(t *testing.T) {
	torchtest.NoLeak(t)
	c := models.Config{Model: "vit_tiny", Width: 12, InChannels: 3, PatchSize: 4, ImageSize: 16}
	views, err := augment.Lookup("simclr-cifar")
	if err != nil {
		t.Fatal(err)
	}
	views.Size, views.Mean, views.Std = 16, []float32{.5, .5, .5}, []float32{.2, .2, .2}
	own := func(mask augment.Mask) string {
		metadata, err := encoders.Metadata(c, views, mask)
		if err != nil {
			t.Fatal(err)
		}
		return saveNet(t, c, metadata, nil)
	}
	masked, whole := own(augment.Mask{Patch: 1, Ratio: .5}), own(augment.Mask{})
	common := append(colors(t), "--augment", "training")
	o, some := scorePair(t, append([]string{"--f", masked, "--g", masked}, common...)...)
	_, all := scorePair(t, append([]string{"--f", whole, "--g", whole}, common...)...)
	text, err := os.ReadFile(filepath.Join(o.Run, rundir.ViewsFile))
	if err != nil || !strings.Contains(string(text), "ratio = 0.5") || !strings.Contains(string(text), "patch = 4") {
		t.Errorf("%v\n%s", err, text)
	}
	if slices.Equal(some.LossF(), all.LossF()) {
		t.Error("the mask changes nothing")
	}
	if o, _ := scorePair(t, append([]string{"--f", masked, "--g", whole}, common...)...); warned(o) != "different_views "+mem.SameEncoders {
		t.Errorf("other views of g give the warnings %q", warned(o))
	}
	code, _, stderr := call(append([]string{"score", "--f", foreign, "--g", masked}, common...)...)
	if code != ExitFailure || !strings.Contains(stderr, "patches") {
		t.Errorf("a ResNet that shall see some patches: %d %s", code, stderr)
	}
}

// saveNet saves an encoder with the metadata, changed by change.
func saveNet(t *testing.T, c models.Config, metadata map[string]string, change func(state map[string]*torch.Tensor)) string {
	t.Helper()
	net, err := models.New(c, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	defer nn.Free(net)
	state := maps.Collect(nn.State(net))
	if change != nil {
		change(state)
	}
	path := filepath.Join(t.TempDir(), c.Model+".safetensors")
	if err := torch.SaveSafetensors(path, maps.All(state), metadata); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestScorePairWarnsOfDifferentEncoders(t *testing.T) {
	torchtest.NoLeak(t)
	wide := saveNet(t, models.Config{Model: "resnet18", Width: 4, InChannels: 3}, nil, nil)
	o, _ := scorePair(t, append([]string{"--f", foreign, "--g", wide}, colors(t)...)...)
	if warned(o) != "different_encoders" || !strings.Contains(o.Summary.Warnings[0].Text, "16 and 32 features") {
		t.Errorf("%+v", o.Summary.Warnings)
	}
	code, stdout, stderr := call(append([]string{"score", "--f", foreign, "--g", wide, "-o", filepath.Join(t.TempDir(), "o")}, colors(t)...)...)
	if code != ExitOK || !strings.Contains(strings.Join(strings.Fields(stdout), " "), "they give 16 and 32 features") {
		t.Errorf("%d %s %s", code, stdout, stderr)
	}
}

func TestScorePairMistakes(t *testing.T) {
	torchtest.NoLeak(t)
	common := colors(t)
	t.Chdir(t.TempDir())
	s := torch.NewScope()
	defer s.Close()
	grey := saveNet(t, models.Config{Model: "resnet9", Width: 2, InChannels: 1}, nil, nil)
	color := saveNet(t, models.Config{Model: "resnet9", Width: 2, InChannels: 3}, nil, nil)
	broken := saveNet(t, models.Config{Model: "resnet9", Width: 2, InChannels: 3}, nil, func(state map[string]*torch.Tensor) {
		state["res2.1.1.bias"] = s.Full(state["res2.1.1.bias"].Shape(), math.NaN(), torch.Float32, torch.CPU)
	})
	pair := func(more ...string) []string {
		return append([]string{"score", "--f", color, "--g", color, "--data", common[1], "--image-size", "16", "--augment", "simclr-cifar"}, more...)
	}
	sets := common[len(common)-2:]
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"score", "--f", color}, ExitUsage, "needs both"},
		{[]string{"score", "--f", color, "--g", color}, ExitUsage, "--data"},
		{[]string{"score", "--f", color, "run"}, ExitUsage, `does not take the argument "run"`},
		{[]string{"score", "--augment", "simclr-cifar", "run"}, ExitUsage, "give --f and --g"},
		{pair(), ExitUsage, "--candidate FILE"},
		{pair("--shared", list(t, 1)), ExitUsage, "no candidate set"},
		{pair("--split", "s.json", "--shared", "x"), ExitUsage, "not --split and --shared"},
		{pair("--split", "none.json"), ExitFailure, "cannot load splits"},
		{pair("--split", write(t, "s.json", `{"shared": [1]}`)), ExitFailure, "candidate set in"},
		{pair("--split", write(t, "s.json", `{"candidate": [1], "n": 50}`)), ExitFailure, "sets are of 50 images"},
		{pair("--candidate", "none.txt"), ExitFailure, "cannot load indices"},
		{pair("--candidate", list(t)), ExitFailure, "lists no image"},
		{pair("--candidate", list(t, 1, 2, 1)), ExitFailure, "line 3 is image 1 again"},
		{pair("--candidate", list(t, 1, 40)), ExitFailure, "S_C holds image 40, but the data set has the images 0 to 39"},
		{pair("--candidate", list(t, 1, 2), "--shared", list(t, 3, 2)), ExitFailure, "image 2 is in S_S and again in S_C"},
		{append(pair(sets...), "--augment", "training"), ExitUsage, "name them with --augment"},
		{append(pair(sets...), "--augment", "simclr-cifr"), ExitUsage, "simclr-cifar"},
		{append(pair(sets...), "--augment", write(t, "v.toml", "[augment]\nsiz = 3\n")), ExitUsage, "did you mean"},
		{append(pair(sets...), "--mean", "0.5"), ExitUsage, "mean and std go together"},
		{append(pair(sets...), "--mean", "0.5", "--std", "0.2"), ExitUsage, "but the images have 3 channels"},
		{append(pair(sets...), "--mean", "a", "--std", "1"), ExitUsage, "is no number"},
		{append(pair(sets...), "--set", "score.view=3"), ExitUsage, "score.views"},
		{append(pair(sets...), "--set", "score.views=1"), ExitUsage, "at least 2 views"},
		{append(pair(sets...), "--set", "score.distance=l3"), ExitUsage, "distance"},
		{append(pair(sets...), "--f", grey), ExitFailure, "f: the encoder takes images of 1 channels"},
		{append(pair(sets...), "--g", broken), ExitFailure, "encoder g gives image 0 features that are NaN"},
		{append(pair(sets...), "--g", "none.pth"), ExitFailure, "g: cannot open the encoder"},
		{append(pair(sets...), "--arch", "resnet50"), ExitFailure, "model is resnet9 in the file"},
		{append(pair(sets...), "--data", "none"), ExitFailure, "none"},
		{append(pair(sets...), "--out", "."), ExitFailure, "holds no run"},
		{[]string{"score", "--config", "none.toml"}, ExitUsage, "none.toml"},
	} {
		if c.want == "holds no run" {
			if err := os.WriteFile("thesis.tex", []byte("x"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		code, stdout, stderr := call(c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %q; want %d and %q", c.args, code, stderr, c.code, c.want)
		}
		if strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%v: not one line on standard error: %q, %q", c.args, stderr, stdout)
		}
	}
	if exists("runs") {
		t.Error("a scoring that failed left a folder behind")
	}
}

// A module that was traced in training mode normalizes by its batch for ever.
func TestScorePairRefusesBatchNormInTraining(t *testing.T) {
	torchtest.NoLeak(t)
	path := filepath.Join(t.TempDir(), "traced.pt")
	python.Run(t, "-c", `
import sys, torch
from torch import nn
m = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
torch.jit.trace(m, torch.rand(4, 3, 16, 16), check_trace=False).save(sys.argv[1])
`, path)
	code, _, stderr := call(append([]string{"score", "--f", path, "--g", path}, colors(t)...)...)
	if code != ExitFailure || !strings.Contains(stderr, "depend on the others of its batch") {
		t.Errorf("%d %s", code, stderr)
	}
}
