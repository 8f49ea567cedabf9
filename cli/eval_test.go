package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func TestEval(t *testing.T) {
	torchtest.NoLeak(t)
	folder, dir := jpegClasses(t, 80), filepath.Join(t.TempDir(), "run")
	if code, _, stderr := call(tiny(dir, "--data", folder, "--set", "image_size=28", "--seeds", "2", "--json")...); code != ExitOK {
		t.Fatal(stderr)
	}
	file := filepath.Join(dir, rundir.EncodersDir, "e1.safetensors")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	evals := func(args ...string) []evaluation {
		t.Helper()
		code, stdout, stderr := call(append([]string{"eval", "--json"}, args...)...)
		var out []evaluation
		if err := json.Unmarshal([]byte(stdout), &out); code != ExitOK || err != nil {
			t.Fatalf("%v: %d %v %s", args, code, err, stderr)
		}
		return out
	}
	all := evals(dir)
	if len(all) != 2 || all[0].KNN == nil || all[0].Probe == nil || all[0].FineTune != nil {
		t.Fatalf("%+v", all)
	}
	// 80 images of three classes, every fifth for the test.
	e := all[1]
	if e.Train != 64 || e.Test != 16 || e.KNN.N != 16 || e.Features != 32 || e.KNNOptions.K != 20 || e.KNN.Top1Low > e.KNN.Top1 || len(e.KNN.PerClass) == 0 {
		t.Errorf("%+v", e)
	}
	// The file alone says all that is needed.
	moved := filepath.Join(t.TempDir(), "mine.safetensors")
	if err := os.WriteFile(moved, before, 0o644); err != nil {
		t.Fatal(err)
	}
	again := evals("--data", folder, "--image-size", "28", "--knn", "--finetune", "--epochs", "1", moved)[0]
	if !reflect.DeepEqual(again.KNN, e.KNN) || again.Probe != nil || again.FineTune == nil || again.FineTune.Steps != 1 || again.RankMe != e.RankMe {
		t.Errorf("got  %+v\nwant %+v", again, e)
	}
	if after, _ := os.ReadFile(file); string(after) != string(before) {
		t.Error("the encoder's file has changed")
	}
	code, stdout, stderr := call("eval", "--knn", "--convention", "majority", file)
	if code != ExitOK || !strings.Contains(stdout, "kNN (k 5, euclidean, uniform weights)  top-1 ") || !strings.Contains(stdout, "every fifth training image") {
		t.Errorf("%d %s %s", code, stdout, stderr)
	}

	bare := filepath.Join(t.TempDir(), "bare.safetensors")
	s := torch.NewScope()
	defer s.Close()
	if err := torch.SaveSafetensors(bare, func(yield func(string, *torch.Tensor) bool) { yield("x", s.Zeros([]int{1}, torch.Float32, torch.CPU)) }, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"eval"}, ExitUsage, "needs the folder of a run or the file"},
		{[]string{"eval", dir, "--knn"}, ExitUsage, "--knn must stand before the run or encoder"},
		{[]string{"eval", moved}, ExitUsage, "--data"},
		{[]string{"eval", filepath.Join(dir, "none")}, ExitFailure, "no run or encoder"},
		{[]string{"eval", "--data", "fashion-mnist", bare}, ExitFailure, "of no network that is known"},
		{[]string{"eval", "--data", "fashion-mnist", file}, ExitFailure, "3 channels, but those of fashion-mnist"},
		{[]string{"eval", "--convention", "lightl", dir}, ExitUsage, "lightly"},
		{[]string{"eval", "--convention", "lightly", "--knn", dir}, ExitFailure, "200"},
		{[]string{"eval", "--weight-decay", "-1", dir}, ExitUsage, "weight"},
	} {
		code, _, stderr := call(append([]string{c.args[0]}, c.args[1:]...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d %s; want %d %q", c.args, code, stderr, c.code, c.want)
		}
	}
}
