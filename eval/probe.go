package eval

import (
	"context"
	"fmt"
	"math"
	"slices"

	"sslmem/torch"
)

// ProbeOptions say how a linear probe is trained. WeightDecay is the same in
// all of its methods: λ/2·‖W‖² is added to the mean cross entropy, with
// nothing for the biases. (λ = 1/(C·N) is scikit-learn's C for N images.)
type ProbeOptions struct {
	// Method is "lbfgs", "sgd" or "lars". L-BFGS finds the optimum, which
	// depends on WeightDecay and Standardize alone. The others stop after
	// Epochs, as the protocols that were published have it.
	Method      string  `json:"method" toml:"method"`
	WeightDecay float64 `json:"weight_decay" toml:"weight_decay"`
	// Standardize brings each feature to mean 0 and standard deviation 1 (that
	// with N) over the training set; one that is constant there becomes 0.
	Standardize bool `json:"standardize" toml:"standardize"`

	// Of L-BFGS: it ends when no element of the gradient is above Tolerance in
	// magnitude, for which 0 means 10⁻⁶, or after MaxIterations, for which 0
	// means 1,000.
	Tolerance     float64 `json:"tolerance" toml:"tolerance"`
	MaxIterations int     `json:"max_iterations" toml:"max_iterations"`

	// Of SGD and LARS. The learning rate rises linearly to LR in WarmupEpochs,
	// in which the first step is not lost, and falls along half a cosine to 0,
	// with each step or, with PerEpoch, after each epoch. The last batch of an
	// epoch may be smaller.
	Epochs       int     `json:"epochs" toml:"epochs"`
	BatchSize    int     `json:"batch_size" toml:"batch_size"`
	LR           float64 `json:"lr" toml:"lr"` // as it is; rules such as 0.1·batch/256 are the caller's
	WarmupEpochs int     `json:"warmup_epochs" toml:"warmup_epochs"`
	PerEpoch     bool    `json:"per_epoch" toml:"per_epoch"`
	Momentum     float64 `json:"momentum" toml:"momentum"`
	Seed         uint64  `json:"seed" toml:"seed"` // of the first weights and the order of the images
}

// ProbeMethods lists the values of [ProbeOptions].Method.
func ProbeMethods() []string { return []string{"lbfgs", "sgd", "lars"} }

// Check returns an error that names the first field with a value that cannot
// be used by the method.
func (o ProbeOptions) Check() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("eval: linear probe: %s is %v but must be %s", field, value, want)
	}
	if !slices.Contains(ProbeMethods(), o.Method) {
		return bad("method", fmt.Sprintf("%q", o.Method), `"lbfgs", "sgd" or "lars"`)
	}
	if !(o.WeightDecay >= 0 && o.WeightDecay <= math.MaxFloat64) {
		return bad("weight_decay", o.WeightDecay, "at least 0")
	}
	if o.Method == "lbfgs" {
		switch {
		case !(o.Tolerance >= 0 && o.Tolerance < 1):
			return bad("tolerance", o.Tolerance, "at least 0 and below 1")
		case o.MaxIterations < 0:
			return bad("max_iterations", o.MaxIterations, "at least 1, or 0 for 1000")
		}
		return nil
	}
	switch {
	case o.Epochs < 1:
		return bad("epochs", o.Epochs, "at least 1")
	case o.BatchSize < 1:
		return bad("batch_size", o.BatchSize, "at least 1")
	case !(o.LR > 0 && o.LR <= math.MaxFloat64):
		return bad("lr", o.LR, "above 0")
	case o.WarmupEpochs < 0 || o.WarmupEpochs >= o.Epochs:
		return bad("warmup_epochs", o.WarmupEpochs, "at least 0 and below epochs")
	case !(o.Momentum >= 0 && o.Momentum < 1):
		return bad("momentum", o.Momentum, "at least 0 and below 1")
	}
	return nil
}

// A ProbeResult is the result of a linear probe on the test set, with how it
// was found.
type ProbeResult struct {
	Result
	TrainTop1 float64 `json:"train_top1"` // on the images that it was trained on
	// Loss is the mean cross entropy of the training set at the end, without
	// the weight decay. With SGD and LARS it is that over the last epoch, while
	// the weights move.
	Loss float64 `json:"loss"`
	// Steps is the number of updates of the weights: iterations of L-BFGS,
	// batches of the others.
	Steps int `json:"steps"`
	// Gradient is, with L-BFGS, the largest magnitude in the gradient at the
	// end; above Tolerance the optimum was not reached. It is 0 with the others.
	Gradient float64 `json:"gradient"`
}

// LinearProbe trains multinomial logistic regression on the training set,
// whose features do not change, and classifies the test set. Both sets must be
// on one device, which computes: L-BFGS in float64, the others in the dtype of
// the features. The same options give the same result for one number of
// threads.
//
// Without weight decay, classes that a linear classifier can tell apart fully
// have no optimum, and L-BFGS goes on to MaxIterations. It is an error if a set
// is empty, has no labels or features that are not finite, if the training set
// is of one class, or if the loss becomes infinite. When ctx ends, LinearProbe
// ends early with ctx's error.
func LinearProbe(ctx context.Context, train, test Set, o ProbeOptions) (ProbeResult, error) {
	var r ProbeResult
	if err := o.Check(); err != nil {
		return r, err
	}
	if err := checkPair(train, test); err != nil {
		return r, err
	}
	defer torch.LockThread()()
	s := torch.NewScope()
	defer s.Close()
	c, fit, err := fitProbe(ctx, s, train, o)
	if err != nil {
		return r, err
	}
	r.Loss, r.Steps, r.Gradient = fit.loss, fit.steps, fit.gradient
	seen, err := c.judge(train)
	if err != nil {
		return r, err
	}
	r.TrainTop1 = seen.Top1
	if r.Result, err = c.judge(test); err != nil {
		return r, err
	}
	return r, ctx.Err()
}

// fit is how a classifier was found.
type fit struct {
	loss, gradient float64
	steps          int
}

// fitProbe trains a classifier, whose tensors are in s.
func fitProbe(ctx context.Context, s *torch.Scope, train Set, o ProbeOptions) (c *classifier, f fit, err error) {
	if err := torch.Try(func() { c = newClassifier(s, train, o.Standardize) }); err != nil {
		return nil, f, fmt.Errorf("eval: linear probe: %w", err)
	}
	if o.Method == "lbfgs" {
		f, err = fitLBFGS(ctx, c, train, o)
	} else {
		f, err = fitSteps(ctx, c, train, o, shuffled(train.Len(), o.Seed))
	}
	return c, f, err
}
