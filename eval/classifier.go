package eval

import (
	"errors"
	"fmt"

	"sslmem/torch"
)

// A classifier is a linear map from features to scores of the classes.
type classifier struct {
	weight *torch.Tensor // [C, D]
	bias   *torch.Tensor // [C]
	// What a feature is shifted and divided by, [D]; nil without
	// standardization.
	mean, std *torch.Tensor
}

// newClassifier returns the classifier that is zero, with the statistics of the
// training set. Its tensors are in s.
func newClassifier(s *torch.Scope, train Set, standardize bool) *classifier {
	classes, dim, dtype, device := len(train.Names), train.X.Size(1), train.X.DType(), train.X.Device()
	c := &classifier{
		weight: s.Zeros([]int{classes, dim}, dtype, device),
		bias:   s.Zeros([]int{classes}, dtype, device),
	}
	if standardize {
		torch.NoGrad(func() { c.std, c.mean = s.Use(train.X).StdMean([]int{0}, 0, false) })
		c.std = c.std.MaskedFill(c.std.Le(c.mean.Abs().MulScalar(constantFeature)), 1)
	}
	return c
}

// constantFeature is the standard deviation, relative to the mean, up to which
// a feature counts as constant: what rounding in float32 can make of one.
const constantFeature = 1e-6

// features returns x [N, D] as the classifier sees it.
func (c *classifier) features(x *torch.Tensor) *torch.Tensor {
	if c.mean == nil {
		return x
	}
	return x.Sub(c.mean.ToDType(x.DType())).Div(c.std.ToDType(x.DType()))
}

// judge classifies a set.
func (c *classifier) judge(set Set) (Result, error) {
	count := newTally(set.Names)
	for from := 0; from < set.Len(); from += chunkRows {
		n := min(chunkRows, set.Len()-from)
		var err error
		failed := torch.Try(func() {
			s := torch.NewScope()
			defer s.Close()
			torch.NoGrad(func() {
				logits := c.features(s.Use(set.X).Narrow(0, from, n)).Linear(c.weight, c.bias)
				err = count.addLogits(logits, set.Labels[from:from+n])
			})
		})
		if failed != nil {
			return Result{}, fmt.Errorf("eval: classification: %w", failed)
		}
		if err != nil {
			return Result{}, err
		}
	}
	return count.result(), nil
}

// addLogits counts images with scores [N, C] of the classes. Of classes with
// equal scores the one with the lower number comes first. It is an error if a
// score is not finite.
func (t *tally) addLogits(logits *torch.Tensor, labels []int) error {
	if logits.IsFinite().All().Item() == 0 {
		return errors.New("eval: the scores of the classes are not finite; lower lr")
	}
	places := make([]int64, len(labels))
	for i, l := range labels {
		places[i] = int64(l)
	}
	s := torch.NewScope()
	defer s.Close()
	label := torch.FromSlice(s, places, len(places), 1).ToDevice(logits.Device())
	class := s.Arange(0, float64(logits.Size(1)), 1, torch.Int64, logits.Device())
	own := logits.Gather(1, label)
	before := logits.Eq(own).LogicalAnd(class.Lt(label)).LogicalOr(logits.Gt(own))
	for i, ahead := range torch.ToSlice[int64](before.SumDim([]int{1}, false)) {
		t.add(labels[i], int(ahead))
	}
	return nil
}
