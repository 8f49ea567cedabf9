package eval

import (
	"fmt"

	"sslmem/torch"
)

// A Set is the features of some images with their classes.
type Set struct {
	X      *torch.Tensor // [N, D], float32 or float64; owned by whoever made it
	Labels []int         // [N], each a place in Classes, or −1 for an image without a label; nil if there are no labels
	Names  []string      // of the classes
}

// Len returns N.
func (s Set) Len() int { return s.X.Size(0) }

// checkFeatures returns an error unless x is a matrix of finite numbers; what
// says whose features they are.
func checkFeatures(what string, x *torch.Tensor) error {
	if x == nil {
		return fmt.Errorf("eval: there are no %s features", what)
	}
	var problem string
	if err := torch.Try(func() { problem = wrong(x) }); err != nil {
		return fmt.Errorf("eval: the %s features cannot be used: %w", what, err)
	}
	if problem != "" {
		return fmt.Errorf("eval: the %s features %s", what, problem)
	}
	return nil
}

// wrong says what is wrong with features, if anything is.
func wrong(x *torch.Tensor) string {
	if shape := x.Shape(); len(shape) != 2 || shape[0] == 0 || shape[1] == 0 {
		return fmt.Sprintf("have shape %v, want [N, D] with at least one image and one feature", shape)
	}
	if d := x.DType(); d != torch.Float32 && d != torch.Float64 {
		return fmt.Sprintf("are %v, want float32 or float64", d)
	}
	for from := 0; from < x.Size(0); from += chunkRows {
		if i := infiniteRow(x, from, min(chunkRows, x.Size(0)-from)); i >= 0 {
			return fmt.Sprintf("of image %d are not finite; the encoder has diverged", i)
		}
	}
	return ""
}

// chunkRows is the number of images whose features are worked on at one time,
// which bounds the memory that it takes.
const chunkRows = 4096

// infiniteRow returns the first of n rows of x with an element that is not
// finite, −1 if there is none.
func infiniteRow(x *torch.Tensor, from, n int) int {
	s := torch.NewScope()
	defer s.Close()
	finite := s.Use(x).Narrow(0, from, n).IsFinite().AllDim(1, false)
	if finite.All().Item() != 0 {
		return -1
	}
	return from + finite.ToDType(torch.Uint8).Argmin(0, false).ItemInt()
}

// check returns an error unless a set is complete, with a label for every
// image.
func (s Set) check(what string) error {
	if err := checkFeatures(what, s.X); err != nil {
		return err
	}
	switch n := s.X.Size(0); {
	case s.Labels == nil:
		return fmt.Errorf("eval: the %s images have no labels, and accuracy needs them", what)
	case len(s.Labels) != n:
		return fmt.Errorf("eval: there are %d %s features but %d labels", n, what, len(s.Labels))
	}
	for i, l := range s.Labels {
		switch {
		case l < 0:
			return fmt.Errorf("eval: %s image %d has no label; leave such images out", what, i)
		case l >= len(s.Names):
			return fmt.Errorf("eval: %s image %d has label %d, but there are %d classes", what, i, l, len(s.Names))
		}
	}
	return nil
}

// checkTrain is check for a set to learn from.
func (s Set) checkTrain() error {
	if err := s.check("training"); err != nil {
		return err
	}
	for _, l := range s.Labels {
		if l != s.Labels[0] {
			return nil
		}
	}
	return fmt.Errorf("eval: all %d training images are of class %q; telling classes apart takes at least two", len(s.Labels), s.Names[s.Labels[0]])
}

// checkPair returns an error unless both sets are complete and of one kind.
func checkPair(train, test Set) error {
	if err := train.checkTrain(); err != nil {
		return err
	}
	if err := test.check("test"); err != nil {
		return err
	}
	a, b := train.X, test.X
	switch {
	case a.Size(1) != b.Size(1):
		return fmt.Errorf("eval: the training images have %d features and the test images %d; take both from one encoder", a.Size(1), b.Size(1))
	case a.DType() != b.DType() || a.Device() != b.Device():
		return fmt.Errorf("eval: the training features are %v on %v and the test features %v on %v; they must be alike", a.DType(), a.Device(), b.DType(), b.Device())
	case len(train.Names) != len(test.Names):
		return fmt.Errorf("eval: the training set has %d classes and the test set %d; their labels must mean the same", len(train.Names), len(test.Names))
	}
	return nil
}
