package cli

import (
	"context"
	"fmt"
	"image"
	"slices"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/eval"
	"sslmem/mem"
	"sslmem/torch"
)

// A cropAttack infers classes from corners of the images of a run; it is also what
// dejavu.json holds.
type cropAttack struct {
	K           int               `json:"k"`
	Crop        float64           `json:"crop"`
	Corner      mem.Corner        `json:"corner"`
	Embedding   string            `json:"embedding"` // "encoder" or "projector"
	OneModel    bool              `json:"one_model"`
	Public      int               `json:"public_images"`
	PublicIs    string            `json:"public_is"`
	ReferenceIs string            `json:"reference_is"`
	Chance      float64           `json:"chance"` // share of the most frequent class
	Report      *mem.DejaVuReport `json:"report"`

	run    *run
	public publicSet
	crops  data.Images
	points map[mem.Set][]int // that are attacked
}

// attacked are the sets that are attacked; the first is what f saw.
var attacked = []mem.Set{mem.Candidate, mem.Independent}

// prepare opens what is needed and finds what is wrong with the run.
func (a *cropAttack) prepare(r *run, public string) (err error) {
	a.run = r
	if err := r.needsTrainedPairs("dejavu"); err != nil {
		return err
	}
	if err := r.needsClasses("dejavu"); err != nil {
		return err
	}
	if method := r.settings.Recipe.Method; a.Embedding == embeddings[1] && method == "supervised" {
		return fmt.Errorf("supervised encoders have a classifier and no projector; take --embedding encoder")
	}
	if a.public, err = r.public(public); err != nil {
		return err
	}
	a.Public, a.PublicIs = len(a.public.index), a.public.is
	if a.K > a.Public {
		return usageError{fmt.Errorf("--k is %d, but there are %d public images (%s); lower it", a.K, a.Public, a.PublicIs)}
	}
	a.crops = a.cropped(r.data)
	a.points = map[mem.Set][]int{}
	count, all := map[int]int{}, 0
	for _, set := range attacked {
		a.points[set] = labelled(r.data, r.members()[set])
		if len(a.points[set]) == 0 {
			return fmt.Errorf("%v of %s has no images with a class to attack", set, r.dir)
		}
		for _, i := range a.points[set] {
			count[r.data.Label(i)]++
			all++
		}
	}
	for _, n := range count {
		a.Chance = max(a.Chance, float64(n)/float64(all))
	}
	a.ReferenceIs = "the encoder that did not see the image"
	if a.OneModel {
		a.ReferenceIs = "logistic regression on the pixels of crops of the public images"
	}
	return nil
}

// cropped are images of which the corner is left.
func (a *cropAttack) cropped(images data.Images) data.Images {
	return mem.CropImages(images, func(_, h, w int) (image.Rectangle, error) { return a.Corner.Box(a.Crop, h, w) })
}

// attack attacks with all pairs.
func (a *cropAttack) attack(ctx context.Context) ([]mem.DejaVuAttack, error) {
	r := a.run
	r.console.begin(2 * r.settings.Seeds * (a.Public + len(a.points[attacked[0]]) + len(a.points[attacked[1]])))
	defer r.console.end()
	var classifier map[mem.Set]mem.LabelInference
	if a.OneModel {
		var err error
		if classifier, err = a.classify(ctx); err != nil {
			return nil, fmt.Errorf("the classifier of crops: %w", err)
		}
	}
	var attacks []mem.DejaVuAttack
	for pair := range r.settings.Seeds {
		f, err := a.infer(ctx, roleF, pair)
		if err != nil {
			return nil, err
		}
		g, err := a.infer(ctx, roleG, pair)
		if err != nil {
			return nil, err
		}
		for _, set := range attacked {
			d := mem.DejaVuAttack{Set: set, Pair: pair, Index: a.points[set], Target: f[set], Reference: g[set]}
			if set == mem.Independent {
				d.Target, d.Reference = d.Reference, d.Target
			}
			for _, i := range d.Index {
				d.Class = append(d.Class, r.data.Label(i))
			}
			if a.OneModel {
				d.Reference = classifier[set]
				d = d.OneModel()
			}
			attacks = append(attacks, d)
		}
	}
	return attacks, nil
}

// infer attacks both sets with one encoder.
func (a *cropAttack) infer(ctx context.Context, e role, pair int) (map[mem.Set]mem.LabelInference, error) {
	r, name := a.run, e.name(pair)
	encoder, free, err := r.encoderNamed(name, a.Embedding == embeddings[1])
	if err != nil {
		return nil, err
	}
	defer free()
	s := torch.NewScope()
	defer s.Close()
	features := func(images data.Images, index []int) (eval.Set, error) {
		return r.features(ctx, s, encoder, images, index, r.console.scoring(pair, 1))
	}
	public, err := features(a.public.images, a.public.index)
	if err != nil {
		return nil, fmt.Errorf("encoder %s: %w", name, err)
	}
	out := map[mem.Set]mem.LabelInference{}
	for _, set := range attacked {
		queries, err := features(a.crops, a.points[set])
		if err != nil {
			return nil, fmt.Errorf("encoder %s: %w", name, err)
		}
		if out[set], err = mem.InferByNeighbors(ctx, public.X, public.Labels, queries.X, queries.Labels, len(public.Names), a.K); err != nil {
			return nil, fmt.Errorf("encoder %s: %w", name, err)
		}
	}
	return out, nil
}

// pixelSide is up to how many pixels of a side the classifier looks at; of a smaller
// crop, all.
const pixelSide = 32

// classify names the classes of the points by a classifier of crops of the public
// images, which saw none of them.
func (a *cropAttack) classify(ctx context.Context) (map[mem.Set]mem.LabelInference, error) {
	r := a.run
	views, err := r.fittedViews()
	if err != nil {
		return nil, err
	}
	s := torch.NewScope()
	defer s.Close()
	o := eval.FeatureOptions{
		Augment:   augment.Recipe{Size: min(max(1, int(a.Crop*float64(views.Size))), pixelSide), Mean: views.Mean, Std: views.Std},
		BatchSize: 256, Device: r.device,
	}
	pixels := func(images data.Images, index []int) (eval.Set, error) {
		o.Index = index
		return eval.Features(ctx, s, flat{}, images, o)
	}
	train, err := pixels(a.cropped(a.public.images), a.public.index)
	if err != nil {
		return nil, err
	}
	test, err := pixels(a.crops, slices.Concat(a.points[attacked[0]], a.points[attacked[1]]))
	if err != nil {
		return nil, err
	}
	probabilities, err := eval.LinearProbabilities(ctx, train, test.X, eval.ProbeOptions{Method: "lbfgs", WeightDecay: 1e-2, Standardize: true, Tolerance: 1e-4})
	if err != nil {
		return nil, err
	}
	out := map[mem.Set]mem.LabelInference{}
	from := 0
	for _, set := range attacked {
		to := from + len(a.points[set])
		if out[set], err = mem.InferByProbabilities(probabilities[from:to], test.Labels[from:to]); err != nil {
			return nil, err
		}
		from = to
	}
	return out, nil
}

// flat is the encoder whose features are the pixels.
type flat struct{}

func (flat) Forward(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1) }
