package mem

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// twoSampleFixture is what testdata/make_tests.py writes.
type twoSampleFixture struct {
	Student []struct {
		Name      string    `json:"name"`
		A         []float64 `json:"a"`
		B         []float64 `json:"b"`
		T         float64   `json:"t"`
		DF        float64   `json:"df"`
		PGreater  float64   `json:"p_greater"`
		PLess     float64   `json:"p_less"`
		PTwoSided float64   `json:"p_two_sided"`
		Low       float64   `json:"low"`
		High      float64   `json:"high"`
		D         float64   `json:"d"`
		DLow      float64   `json:"d_low"`
		DHigh     float64   `json:"d_high"`
		G         float64   `json:"g"`
	} `json:"student"`
	Permutation []struct {
		Name      string    `json:"name"`
		A         []float64 `json:"a"`
		B         []float64 `json:"b"`
		PGreater  float64   `json:"p_greater"`
		PLess     float64   `json:"p_less"`
		PTwoSided float64   `json:"p_two_sided"`
	} `json:"permutation"`
	Bootstrap []struct {
		Samples    [][]float64 `json:"samples"`
		Draws      [][][]int   `json:"draws"`
		SE         float64     `json:"se"`
		Percentile [2]float64  `json:"percentile"`
		BCa        [2]float64  `json:"BCa"`
	} `json:"bootstrap"`
	Smirnov []struct {
		Name        string    `json:"name"`
		A           []float64 `json:"a"`
		B           []float64 `json:"b"`
		D           float64   `json:"d"`
		At          float64   `json:"at"`
		Sign        int       `json:"sign"`
		PExact      float64   `json:"p_exact"`
		PAsymptotic float64   `json:"p_asymptotic"`
	} `json:"smirnov"`
	Kolmogorov []struct {
		N int     `json:"n"`
		D float64 `json:"d"`
		P float64 `json:"p"`
	} `json:"kolmogorov"`
	Noncentral []struct {
		DF    float64 `json:"df"`
		T     float64 `json:"t"`
		Delta float64 `json:"delta"`
		P     float64 `json:"p"`
	} `json:"noncentral"`
}

// readFixture reads a file of testdata into a new T.
func readFixture[T any](t *testing.T, name string) *T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	fixture := new(T)
	if err := json.Unmarshal(text, fixture); err != nil {
		t.Fatal(err)
	}
	return fixture
}

// remakeJSON runs a script of testdata and checks that it still writes the
// numbers of the file, to 1e-10. It skips the test where python3 lacks a module.
func remakeJSON(t *testing.T, script, name string, modules string) {
	t.Helper()
	if testing.Short() {
		t.Skip("the script takes seconds")
	}
	if exec.Command("python3", "-c", "import "+modules).Run() != nil {
		t.Skip("there is no python3 with " + modules)
	}
	again := filepath.Join(t.TempDir(), name)
	path, err := filepath.Abs(filepath.Join("testdata", script))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", path, again)
	cmd.Dir = t.TempDir() // the folder torch of this module would hide PyTorch's
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	var got, want map[string]any
	for path, to := range map[string]*map[string]any{again: &got, filepath.Join("testdata", name): &want} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, to); err != nil {
			t.Fatal(err)
		}
	}
	delete(got, "made_with")
	delete(want, "made_with")
	sameJSON(t, name, got, want)
}

func sameJSON(t *testing.T, at string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		if len(g) != len(want) {
			t.Errorf("%s has %d keys, want %d", at, len(g), len(want))
			return
		}
		for k, v := range want {
			sameJSON(t, at+"."+k, g[k], v)
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(want) {
			t.Errorf("%s has %d values, want %d", at, len(g), len(want))
			return
		}
		for i, v := range want {
			sameJSON(t, at+"[]", g[i], v)
		}
	case float64:
		g, ok := got.(float64)
		if !ok || math.Abs(g-want) > 1e-10*math.Abs(want)+1e-14 {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	default:
		if got != want {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
}

func TestTwoSampleFixtureIsWhatSciPyGives(t *testing.T) {
	remakeJSON(t, "make_tests.py", "tests.json", "scipy, numpy, mpmath")
}
