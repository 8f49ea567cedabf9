package cli

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sslmem/mem"
	"sslmem/torch/torchtest"
)

// table reads a file of comma-separated values.
func table(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestLayersOfARun(t *testing.T) {
	torchtest.NoLeak(t)
	dir := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := call(small(dir)...); code != ExitOK {
		t.Fatal(stderr)
	}
	code, stdout, stderr := call("layers", "--json", "--points", "15", dir)
	if code != ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var o layersOutcome
	if err := json.Unmarshal([]byte(stdout), &o); err != nil {
		t.Fatalf("--json printed no JSON: %v\n%s", err, stdout)
	}
	if o.Layers == nil || o.Layers.N != 20 || len(o.Layers.Seeds) != 2 || len(o.Layers.Rows) < 4 || len(o.Files) != 2 || o.Run != dir {
		t.Fatalf("outcome %+v", o)
	}
	layers, units := table(t, filepath.Join(dir, "layers.csv")), table(t, filepath.Join(dir, "units.csv"))
	if got, want := len(layers), 1+4*len(o.Layers.Rows); got != want {
		t.Errorf("layers.csv has %d lines, want %d for four sets", got, want)
	}
	count := 1
	for _, l := range o.Units {
		count += l.Units
	}
	if len(units) != count || count < 10 {
		t.Errorf("units.csv has %d lines, want %d", len(units), count)
	}

	// The encoder's features alone have the scores of the run.
	code, stdout, stderr = call("layers", "--layer", "features", "--set", "S_E", "--encoder", "g1", "--points", "9", dir)
	if code != ExitOK || !strings.Contains(stdout, "LayerMem of S_E") || !strings.Contains(stdout, "over 9 points") {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	features := table(t, filepath.Join(dir, "layers.csv"))
	if len(features) != 5 || features[2][1] != "features" {
		t.Errorf("layers.csv: %v", features)
	}
	scores, err := mem.LoadCSV(filepath.Join(dir, "scores.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for i, set := range mem.Sets() {
		var want float64
		for _, at := range scores.In(set) {
			want += scores.M(mem.Ratio)[at] / 20
		}
		if got, err := strconv.ParseFloat(features[1+i][4], 64); err != nil || math.Abs(got-want) > 1e-5 {
			t.Errorf("LayerMem of %v is %s at the features, want the %v of scores.csv", set, features[1+i][4], want)
		}
	}
	for want, args := range map[string][]string{
		"not a set":           {"--set", "S_X"},
		"no encoder \"f2\"":   {"--encoder", "f2"},
		"use one of flat":     {"--maps", "sum"},
		"must be at least 2":  {"--points", "1"},
		"has no layer":        {"--layer", "layer9"},
		"did you mean --maps": {"--map", "flat"},
	} {
		if code, _, stderr := call(append(append([]string{"layers"}, args...), dir)...); code == ExitOK || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d: %s, want %q", args, code, stderr, want)
		}
	}
}
