package cli

import (
	"context"
	"fmt"
	"slices"

	"sslmem/data"
	"sslmem/eval"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// needsTrainedPairs returns an error unless all pairs of the run are trained.
func (r *run) needsTrainedPairs(command string) error {
	if err := r.needsPairs(command); err != nil {
		return err
	}
	if name := r.missing(); name != "" {
		return fmt.Errorf("encoder %s of %s is not trained yet; go on with: %s train --resume %s", name, r.dir, program(), r.dir)
	}
	return nil
}

// needsClasses returns an error if the images of the run have no classes.
func (r *run) needsClasses(command string) error {
	if r.data.ClassNames() != nil {
		return nil
	}
	return fmt.Errorf("%s infers the classes of images, but %s has none; use a data set with classes, such as --data %s", command, r.name, data.Carried)
}

// encoderNamed loads an encoder of the run with or without its head.
func (r *run) encoderNamed(name string, head bool) (e models.Backbone, free func(), err error) {
	b, err := r.loadEncoder(r.encoderPath(name))
	if err != nil {
		return nil, nil, err
	}
	if !head {
		return b, func() { nn.Free(b) }, nil
	}
	h, err := r.loadHead(name, b)
	if err != nil {
		nn.Free(b)
		return nil, nil, err
	}
	return h, h.free, nil
}

// features returns what an encoder makes of images, whole and without augmentation.
func (r *run) features(ctx context.Context, s *torch.Scope, e eval.Encoder, images data.Images, index []int, report func(done, total int)) (eval.Set, error) {
	views, err := r.fittedViews()
	if err != nil {
		return eval.Set{}, err
	}
	return eval.Features(ctx, s, e, images, eval.FeatureOptions{Augment: views, Index: index, BatchSize: 256, Device: r.device, Report: report})
}

// A publicSet is labelled images that an attacker has.
type publicSet struct {
	images data.Images
	index  []int
	is     string // what they are
}

// publicSources are the names of public sets.
var publicSources = []string{"unseen", "test"}

// public opens a public set: the images of the training set that neither encoder saw,
// or the test images.
func (r *run) public(source string) (p publicSet, err error) {
	switch source {
	case "unseen":
		p.images = r.data
		seen := map[int]bool{}
		for _, set := range []mem.Set{mem.Shared, mem.Candidate, mem.Independent} {
			for _, i := range r.members()[set] {
				seen[i] = true
			}
		}
		others := slices.DeleteFunc(evenly(r.data.Len(), r.data.Len()), func(i int) bool { return seen[i] })
		p.index = labelled(r.data, others)
		p.is = "S_E and all other images of the training set that neither encoder saw"
	case "test":
		if p.images, err = openTest(r.settings); err != nil {
			return p, err
		}
		if p.images == nil {
			return p, fmt.Errorf("%s has no test images; take --public unseen", r.name)
		}
		if !slices.Equal(p.images.ClassNames(), r.data.ClassNames()) {
			return p, fmt.Errorf("the test images of %s are of other classes than the training images", r.name)
		}
		p.index, p.is = labelled(p.images, evenly(p.images.Len(), p.images.Len())), "the test images"
	default:
		return p, usageError{fmt.Errorf("there are no public images %q; use unseen or test", source)}
	}
	if len(p.index) == 0 {
		return p, fmt.Errorf("no image of %s with a class is left that neither encoder saw; take --public test, or train with smaller splits", r.name)
	}
	return p, nil
}
