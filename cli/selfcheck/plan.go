package selfcheck

import (
	"fmt"
	"slices"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
)

// A Plan is everything that the numbers of a self-check depend on.
type Plan struct {
	Seed     uint64          `toml:"seed" json:"seed"`
	Splits   data.SplitSizes `toml:"splits" json:"splits"`
	Atypical int             `toml:"atypical" json:"atypical"` // images of S_C, of S_I and of S_E that are made so
	Epochs   int             `toml:"epochs" json:"epochs"`
	Views    int             `toml:"views" json:"views"`       // of each image, to score it
	Seeds    int             `toml:"seeds" json:"seeds"`       // f/g pairs of the main arm
	Contrast int             `toml:"contrast" json:"contrast"` // f/g pairs of each arm that is compared with another
	Public   int             `toml:"public" json:"public"`     // images up to which probes are trained, and tested, and which vote in déjà vu
	Others   int             `toml:"others" json:"others"`     // f/g pairs of each other method
}

// Whole is the plan of the whole self-check: pairs of the demo's size, whose settings
// docs/demo.md explains.
func Whole() Plan {
	return Plan{
		Seed:   0,
		Splits: data.SplitSizes{Shared: 150, Candidate: 200, Independent: 200, External: 650}, Atypical: 50,
		Epochs: 300, Views: 16, Seeds: 4, Contrast: 3, Others: 1, Public: 4000,
	}
}

// An arm is a way to train f/g pairs.
type arm struct {
	name      string
	method    string
	seeds     int
	snapshots []int // epochs at which the encoders are kept too
	change    func(*ssl.Recipe)
}

// The arms. All have the same sets and the same seeds.
func (p Plan) main() arm {
	return arm{name: "main", method: "simclr", seeds: p.Seeds, snapshots: p.snapshots()}
}

// crops is the arm whose crops have the given area of the image at least.
func (p Plan) crops(name string, least float64) arm {
	return arm{name: name, method: "simclr", seeds: p.Contrast, change: func(r *ssl.Recipe) { r.Augment.ScaleMin = least }}
}

func (p Plan) mild() arm   { return p.crops("mild", .6) }
func (p Plan) strong() arm { return p.crops("strong", .08) }

func (p Plan) other(method string) arm { return arm{name: method, method: method, seeds: p.Others} }

// snapshots are a tenth, three tenths, … of the training; the end is kept anyhow.
func (p Plan) snapshots() []int {
	var epochs []int
	for _, tenths := range []int{1, 2, 4, 7} {
		if e := p.Epochs * tenths / 10; e > 0 && !slices.Contains(epochs, e) {
			epochs = append(epochs, e)
		}
	}
	return epochs
}

// recipe is how an arm is trained, with all that the images fix.
func (p Plan) recipe(a arm, images data.Images) (ssl.Recipe, error) {
	demo, err := recipes.Demo(a.method)
	if err != nil {
		return ssl.Recipe{}, err
	}
	r := demo.Recipe
	r.Epochs = p.Epochs
	r.Optimizer.WarmupEpochs = min(r.Optimizer.WarmupEpochs, float64(p.Epochs)/2)
	r.BatchSize = min(r.BatchSize, p.Splits.Shared+p.Splits.Candidate)
	if a.change != nil {
		a.change(&r)
	}
	if r, err = r.Fit(images); err != nil {
		return r, err
	}
	if err := r.Check(); err != nil {
		return r, fmt.Errorf("arm %s: %w", a.name, err)
	}
	return r, nil
}

// views is how images of the main arm are seen in training, for all that is scored
// by one fixed set of views.
func (p Plan) views(images data.Images) (augment.Recipe, error) {
	r, err := p.recipe(p.main(), images)
	return r.Augment, err
}
