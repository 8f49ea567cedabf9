package ssl

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

var supervisedParity = parityCase{
	name: "supervised", perEpoch: 5, classes: 3,
	recipe: parityRecipe("supervised",
		Optimizer{Name: "adam", LR: 5e-3, Schedule: OneCycle, WeightDecay: 1e-4},
		map[string]any{"label_smoothing": .1}),
}

func TestSupervisedAgainstPyTorch(t *testing.T)    { supervisedParity.run(t) }
func TestSupervisedFixtureIsPyTorchs(t *testing.T) { supervisedParity.remake(t) }

// A classifier that knows nothing gives each of the K classes the same: ln K,
// whatever the labels and their smoothing.
func TestSupervisedGuess(t *testing.T) {
	torchtest.NoLeak(t)
	c := supervisedParity
	e, err := NewEngine(c.recipe, EngineOptions{Channels: 1, Classes: c.classes, PerEpoch: c.perEpoch})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Free()
	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		for name, p := range nn.Parameters(e.Trainer) {
			if strings.HasPrefix(name, "classifier.") {
				s.Use(p).Zero()
			}
		}
		got := e.Trainer.Forward(c.batch(s, e, 0)).Loss.Item()
		if want := e.Trainer.(Collapser).Collapse().Loss; math.Abs(got-want) > 1e-6 || math.Abs(want-math.Log(3)) > 1e-12 {
			t.Errorf("loss %v, want %v = ln 3", got, want)
		}
	})
}

func TestSupervisedRefuses(t *testing.T) {
	refuses(t, "supervised", map[string]map[string]any{
		"label_smoothing is 1 but":         {"label_smoothing": 1},
		`did you mean "label_smoothing"`:   {"label_smoothin": .1},
		`there is no key "projector"`:      {"projector": []int{2}},
		"label_smoothing is -0.1 but must": {"label_smoothing": -.1},
	})
	if _, err := New(supervisedParity.recipe, 1, 0, 1); err == nil || !strings.Contains(err.Error(), "the images have 0") {
		t.Errorf("without classes: error %v", err)
	}
}

// An image without a class is refused before a training begins, if it would be
// trained on.
func TestSupervisedNeedsLabels(t *testing.T) {
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	some := *train
	some.Labels = slices.Clone(train.Labels)
	some.Labels[9] = -1
	l := tinyLoop(t)
	l.Recipe.Method, l.Recipe.Options, l.Data = "supervised", nil, &some
	l.Index = make([]int, 40)
	for i := range l.Index {
		l.Index[i] = i
	}
	if err := l.Check(); err == nil || !strings.Contains(err.Error(), "image 9 of fashion-mnist-6k has no label") {
		t.Errorf("error %v does not name the image", err)
	}
	l.Index = slices.Delete(l.Index, 9, 10)
	if err := l.Check(); err != nil {
		t.Error(err)
	}
}
