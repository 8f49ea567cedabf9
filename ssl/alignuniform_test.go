package ssl

import (
	"math"
	"os"
	"strings"
	"testing"

	"sslmem/torch"
)

var alignUniformParity = parityCase{
	name: "align-uniform", perEpoch: 5,
	recipe: parityRecipe("align-uniform", Optimizer{Name: "sgd", LR: .05, WarmupEpochs: 1, Momentum: .9},
		map[string]any{"projector": []int{8}, "align": .5}),
}

func TestAlignUniformAgainstPyTorch(t *testing.T)    { alignUniformParity.run(t) }
func TestAlignUniformFixtureIsPyTorchs(t *testing.T) { alignUniformParity.remake(t) }

// The two ends of an axis are 2 apart: of three rows, two of which are equal, one
// pair is at distance 0 and two are at 2.
func TestUniformity(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, 0, 1, 0, -1, 0}, 3, 2)
	want := math.Log((1 + 2*math.Exp(-.5*4)) / 3)
	if got := uniformity(x, .5).Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
}

// docs/adding-a-method.md shows the files of this method as they are.
func TestAddingAMethodShowsTheFiles(t *testing.T) {
	text, err := os.ReadFile("../docs/adding-a-method.md")
	if err != nil {
		t.Fatal(err)
	}
	for path, language := range map[string]string{
		"alignuniform.go": "go", "recipes/align-uniform-demo.toml": "toml", "testdata/make_align-uniform.py": "python",
	} {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "```"+language+"\n"+string(file)+"```\n") {
			t.Errorf("docs/adding-a-method.md does not show %s as it is", path)
		}
	}
}
