package eval

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"
)

// A Distance says which training images are near.
type Distance string

const (
	Cosine    Distance = "cosine"    // the larger the cosine of the angle, the nearer
	Euclidean Distance = "euclidean" // ℓ2 between features as they are
)

// A Weighting says how much the vote of a neighbor counts.
type Weighting string

const (
	Uniform     Weighting = "uniform" // 1: a plain majority
	Exponential Weighting = "exp"     // exp(s/Temperature), s the cosine or minus the Euclidean distance
	Inverse     Weighting = "inverse" // 1/(d + 10⁻⁵), d the Euclidean distance or 1 − cosine
)

// A TieRule says which of several classes with equal votes wins.
type TieRule string

const (
	NearestWins TieRule = "nearest" // the one of whose neighbors one is the nearest
	LowestWins  TieRule = "lowest"  // the one with the lowest number, as in scikit-learn
)

// KNNOptions are all conventions of k nearest neighbors; published figures
// differ in them. [KNNConvention] has those of other libraries.
type KNNOptions struct {
	K           int       `json:"k" toml:"k"`
	Distance    Distance  `json:"distance" toml:"distance"`
	Weights     Weighting `json:"weights" toml:"weights"`
	Temperature float64   `json:"temperature" toml:"temperature"` // of Exponential; 0 else
	Ties        TieRule   `json:"ties" toml:"ties"`               // "" means NearestWins

	// The distances of TestChunk test images to TrainChunk training images are
	// in memory at one time, for which 0 means 512 and 16,384: 32 MiB. The
	// neighbors do not depend on them beyond rounding.
	TestChunk  int `json:"test_chunk" toml:"test_chunk"`
	TrainChunk int `json:"train_chunk" toml:"train_chunk"`
}

// Check returns an error that names the first field with a value that cannot
// be used.
func (o KNNOptions) Check() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("eval: kNN: %s is %v but must be %s", field, value, want)
	}
	switch {
	case o.K < 1:
		return bad("k", o.K, "at least 1")
	case o.Distance != Cosine && o.Distance != Euclidean:
		return bad("distance", fmt.Sprintf("%q", o.Distance), `"cosine" or "euclidean"`)
	case o.Weights != Uniform && o.Weights != Exponential && o.Weights != Inverse:
		return bad("weights", fmt.Sprintf("%q", o.Weights), `"uniform", "exp" or "inverse"`)
	case o.Weights == Exponential && !(o.Temperature > 0 && o.Temperature <= math.MaxFloat64):
		return bad("temperature", o.Temperature, "above 0 with exponential weights")
	case o.Weights != Exponential && o.Temperature != 0:
		return bad("temperature", o.Temperature, fmt.Sprintf("0 with %s weights, which have none", o.Weights))
	case o.Ties != "" && o.Ties != NearestWins && o.Ties != LowestWins:
		return bad("ties", fmt.Sprintf("%q", o.Ties), `"nearest" or "lowest"`)
	case o.TestChunk < 0:
		return bad("test_chunk", o.TestChunk, "at least 1, or 0 for the default")
	case o.TrainChunk < 0:
		return bad("train_chunk", o.TrainChunk, "at least 1, or 0 for the default")
	}
	return nil
}

// conventions are those that KNNConvention knows, in the order of KNNConventions.
var conventions = []struct {
	name string
	o    KNNOptions
}{
	{"wu", KNNOptions{K: 200, Distance: Cosine, Weights: Exponential, Temperature: .07}},
	{"lightly", KNNOptions{K: 200, Distance: Cosine, Weights: Exponential, Temperature: .1}},
	{"dino", KNNOptions{K: 20, Distance: Cosine, Weights: Exponential, Temperature: .07}},
	{"solo", KNNOptions{K: 20, Distance: Euclidean, Weights: Inverse}},
	{"majority", KNNOptions{K: 5, Distance: Euclidean, Weights: Uniform, Ties: LowestWins}},
}

// KNNConventions lists the names that [KNNConvention] knows.
func KNNConventions() []string {
	var names []string
	for _, c := range conventions {
		names = append(names, c.name)
	}
	return names
}

// KNNConvention returns the options that others use:
//
//	wu        k 200, cosine, exp(s/.07): Wu et al. 2018 (arXiv:1805.01978)
//	lightly   k 200, cosine, exp(s/.1): the benchmarks of lightly
//	dino      k 20, cosine, exp(s/.07): the best of the four k of DINO (arXiv:2104.14294)
//	solo      k 20, Euclidean, 1/(d + 10⁻⁵): the default of solo-learn
//	majority  k 5, Euclidean, equal votes, ties to the lowest class: the default of scikit-learn
func KNNConvention(name string) (KNNOptions, error) {
	for _, c := range conventions {
		if c.name == name {
			return c.o, nil
		}
	}
	return KNNOptions{}, fmt.Errorf("eval: unknown kNN convention %q; known are %s", name, strings.Join(KNNConventions(), ", "))
}

// KNN classifies the test set by the classes of the nearest training images.
// Both sets must be on one device, which computes.
//
// Of training images at equal distances, those that come first in the set count
// as nearer. Top5 counts classes that got a vote. The neighbors are exact:
// every test image is compared with every training image, in the dtype of the
// features.
//
// A test image that is also in the training set is its own nearest neighbor;
// keep the sets apart. It is an error if a set is empty, has no labels or
// features that are not finite, if the training set is of one class, or if K
// exceeds it. When ctx ends, KNN ends early with ctx's error.
func KNN(ctx context.Context, train, test Set, o KNNOptions) (Result, error) {
	if err := o.Check(); err != nil {
		return Result{}, err
	}
	if err := checkPair(train, test); err != nil {
		return Result{}, err
	}
	if n := train.Len(); o.K > n {
		return Result{}, fmt.Errorf("eval: kNN: k is %d, but there are %d training images; lower k", o.K, n)
	}
	o.Ties = cmp.Or(o.Ties, NearestWins)
	v, count := newVote(o, train), newTally(test.Names)
	err := nearest(ctx, train.X, test.X, o, func(i int, near []neighbor) {
		count.add(test.Labels[i], v.ahead(near, test.Labels[i]))
	})
	if err != nil {
		return Result{}, err
	}
	return count.result(), nil
}
