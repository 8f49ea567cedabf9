package eval

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

const (
	evalFile   = "testdata/eval.safetensors"
	evalScript = "testdata/make_eval.py"
)

var names = []string{"a", "b", "c", "d", "e", "f", "g"}

func TestFixtureIsPyTorchs(t *testing.T) { torchtest.Remake(t, evalScript, evalFile, 1e-6, 1e-6) }

// fixtureSets returns the training and the test set of make_eval.py.
func fixtureSets(fixture map[string]*torch.Tensor) (train, test Set) {
	of := func(name string) Set {
		s := Set{X: fixture[name+"/x"], Names: names}
		for _, l := range torch.ToSlice[int64](fixture[name+"/y"]) {
			s.Labels = append(s.Labels, int(l))
		}
		return s
	}
	return of("train"), of("test")
}

func knn(t *testing.T, train, test Set, o KNNOptions) Result {
	t.Helper()
	r, err := KNN(context.Background(), train, test, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The accuracies of every convention are those of the classes that PyTorch
// finds.
func TestKNNAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, evalFile)
	train, test := fixtureSets(fixture)
	for _, name := range KNNConventions() {
		o, err := KNNConvention(name)
		if err != nil {
			t.Fatal(err)
		}
		want := torchtest.Group(fixture, "knn/"+name)
		classes, score := torch.ToSlice[int64](want["classes"]), torch.ToSlice[float64](want["score"])
		count := newTally(names)
		for i, label := range test.Labels {
			at := slices.Index(classes[5*i:5*i+5], int64(label))
			if at < 0 || score[5*i+at] == 0 {
				at = len(names)
			}
			count.add(label, at)
		}
		got, wanted := knn(t, train, test, o), count.result()
		if got.String() != wanted.String() || !slices.Equal(got.PerClass, wanted.PerClass) {
			t.Errorf("%s: %v, want %v", name, got, wanted)
		}
		if wanted.Top1 < .3 || wanted.Top1 > .95 {
			t.Errorf("%s: the fixture's top-1 of %v is no test", name, wanted.Top1)
		}
	}
}

// grid returns features that are small integers, with many equal distances.
func grid(s *torch.Scope, n, dim, sides int, seed uint64) Set {
	r := rng.New(seed)
	x := make([]float32, n*dim)
	for i := range x {
		x[i] = float32(r.IntN(sides))
	}
	set := Set{X: torch.FromSlice(s, x, n, dim), Names: names}
	for range n {
		set.Labels = append(set.Labels, r.IntN(len(names)))
	}
	return set
}

// bruteNeighbors sorts all training images by distance and then by their place.
func bruteNeighbors(train, test Set, o KNNOptions) [][]neighbor {
	a, b, dim := torch.ToSlice[float64](test.X), torch.ToSlice[float64](train.X), train.X.Size(1)
	dot := func(x, y []float64) (sum float64) {
		for d := range x {
			sum += x[d] * y[d]
		}
		return sum
	}
	out := make([][]neighbor, test.Len())
	for i := range out {
		x := a[i*dim : (i+1)*dim]
		for j := range train.Len() {
			y := b[j*dim : (j+1)*dim]
			closeness := 2*dot(x, y) - dot(x, x) - dot(y, y)
			if o.Distance == Cosine {
				closeness = dot(x, y) / math.Sqrt(dot(x, x)*dot(y, y))
			}
			out[i] = append(out[i], neighbor{Closeness: closeness, Index: j})
		}
		slices.SortFunc(out[i], func(p, q neighbor) int {
			return cmp.Or(cmp.Compare(q.Closeness, p.Closeness), cmp.Compare(p.Index, q.Index))
		})
		out[i] = out[i][:o.K]
	}
	return out
}

// The neighbors are those of a sort of all training images, in its order, with
// ties wherever they fall, and whatever the chunks.
func TestNeighborsAreExact(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	train, test := grid(s, 173, 3, 3, 1), grid(s, 41, 3, 3, 2)
	for _, k := range []int{1, 2, 7, 50, 173} {
		o := KNNOptions{K: k, Distance: Euclidean}
		want := bruteNeighbors(train, test, o)
		for _, chunk := range [][2]int{{0, 0}, {20, 3}, {7, 10}, {41, 172}, {100, 64}} {
			o.TestChunk, o.TrainChunk = chunk[0], chunk[1]
			next := 0
			err := nearest(context.Background(), train.X, test.X, o, func(i int, near []neighbor) {
				if i != next || !slices.Equal(near, want[i]) {
					t.Errorf("k %d, chunks %v: neighbors of %d are %v, want %v", k, chunk, i, near, want[i])
				}
				next++
			})
			if err != nil || next != test.Len() {
				t.Fatalf("%d of %d test images: %v", next, test.Len(), err)
			}
		}
	}
}

// Cosines agree with a sort up to rounding, and a feature's length does not
// count.
func TestCosineNeighbors(t *testing.T) {
	torchtest.NoLeak(t)
	train, test := fixtureSets(torchtest.Fixture(t, evalFile))
	o := KNNOptions{K: 40, Distance: Cosine, TestChunk: 16, TrainChunk: 37}
	want := bruteNeighbors(train, test, o)
	s := torch.NewScope()
	defer s.Close()
	far := s.Use(train.X).Mul(torch.FromSlice(s, seq(train.Len()), train.Len(), 1))
	for _, x := range []*torch.Tensor{train.X, far} {
		err := nearest(context.Background(), x, test.X, o, func(i int, near []neighbor) {
			for k := range near {
				if math.Abs(near[k].Closeness-want[i][k].Closeness) > 3e-7 {
					t.Errorf("cosine %v, want %v", near[k], want[i][k])
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// seq returns 1 … n.
func seq(n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(i + 1)
	}
	return out
}

// line returns a set of one feature.
func line(s *torch.Scope, x []float32, labels ...int) Set {
	return Set{X: torch.FromSlice(s, x, len(x), 1), Labels: labels, Names: names}
}

// One test image at 0 between training images at −1 (b), 2 (a), 2.5 (a) and
// −3 (b).
func TestVotes(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	train := line(s, []float32{-1, 2, 2.5, -3}, 1, 0, 0, 1)
	for _, c := range []struct {
		name string
		o    KNNOptions
		want int
	}{
		{"nearest", KNNOptions{K: 1, Weights: Uniform}, 1},
		{"majority", KNNOptions{K: 3, Weights: Uniform}, 0},
		{"tie", KNNOptions{K: 2, Weights: Uniform}, 1},
		{"tie to the lowest", KNNOptions{K: 2, Weights: Uniform, Ties: LowestWins}, 0},
		{"tie of four", KNNOptions{K: 4, Weights: Uniform}, 1},
		// 1/1 against 1/2 + 1/2.5 = .9
		{"inverse", KNNOptions{K: 3, Weights: Inverse}, 1},
		// e^−1 = .37 against e^−2 + e^−2.5 = .22, and at temperature 10 .90 against 1.60
		{"exponential", KNNOptions{K: 3, Weights: Exponential, Temperature: 1}, 1},
		{"hot", KNNOptions{K: 3, Weights: Exponential, Temperature: 10}, 0},
		{"cold", KNNOptions{K: 4, Weights: Exponential, Temperature: 1e-9}, 1},
	} {
		c.o.Distance = Euclidean
		for label := range 3 {
			r := knn(t, train, line(s, []float32{0}, label), c.o)
			voted := label < 2 && c.o.K > 1 || label == 1
			if got := r.Top1 == 1; got != (label == c.want) {
				t.Errorf("%s: class %d came first: %v", c.name, label, got)
			}
			if got := r.Top5 == 1; got != voted {
				t.Errorf("%s: class %d is among the first: %v", c.name, label, got)
			}
		}
	}
	// 1/(1 − cosine): .2 off with one vote against two that are .6 off.
	plane := Set{X: torch.FromSlice(s, []float32{.8, .6, .4, .9165151, .4, -.9165151}, 3, 2), Labels: []int{1, 0, 0}, Names: names}
	at := Set{X: torch.FromSlice(s, []float32{2, 0}, 1, 2), Labels: []int{1}, Names: names}
	if r := knn(t, plane, at, KNNOptions{K: 3, Distance: Cosine, Weights: Inverse}); r.Top1 != 1 {
		t.Error("the vote of the nearest of three cosines does not count 1/.2 against 2/.6")
	}
}

// Where all features are equal, the first K training images vote.
func TestCollapsedFeatures(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	train := Set{X: s.Ones([]int{400, 3}, torch.Float32, torch.CPU), Names: names}
	test := Set{X: s.Ones([]int{70, 3}, torch.Float32, torch.CPU), Names: names}
	for i := range 400 {
		train.Labels = append(train.Labels, (i+2)%7)
	}
	for i := range 70 {
		test.Labels = append(test.Labels, i%7)
	}
	o := KNNOptions{K: 8, Distance: Euclidean, Weights: Uniform, TrainChunk: 100, TestChunk: 9}
	r := knn(t, train, test, o)
	if math.Abs(r.Top1-1./7) > 1e-12 || r.PerClass[2].Top1 != 1 {
		t.Errorf("%v by class %v, want a seventh, all of them of c", r, r.PerClass)
	}
}

func TestKNNRefuses(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	good := KNNOptions{K: 2, Distance: Euclidean, Weights: Uniform}
	train, test := line(s, []float32{0, 1, 2}, 0, 1, 1), line(s, []float32{1}, 1)
	huge := float32(3e38)
	for _, c := range []struct {
		name        string
		train, test Set
		change      func(o *KNNOptions)
		want        string
	}{
		{"k", train, test, func(o *KNNOptions) { o.K = 0 }, "k is 0"},
		{"k too large", train, test, func(o *KNNOptions) { o.K = 4 }, "k is 4, but there are 3 training images; lower k"},
		{"distance", train, test, func(o *KNNOptions) { o.Distance = "l2" }, `distance is "l2"`},
		{"weights", train, test, func(o *KNNOptions) { o.Weights = "" }, `weights is ""`},
		{"temperature", train, test, func(o *KNNOptions) { o.Weights = Exponential }, "temperature is 0 but must be above 0"},
		{"useless temperature", train, test, func(o *KNNOptions) { o.Temperature = .1 }, "uniform weights"},
		{"ties", train, test, func(o *KNNOptions) { o.Ties = "random" }, `ties is "random"`},
		{"chunk", train, test, func(o *KNNOptions) { o.TrainChunk = -1 }, "train_chunk is -1"},
		{"chunk", train, test, func(o *KNNOptions) { o.TestChunk = -1 }, "test_chunk is -1"},
		{"no features", Set{}, test, nil, "no training features"},
		{"empty", train, line(s, nil), nil, "test features have shape [0 1]"},
		{"no labels", Set{X: train.X, Names: names}, test, nil, "training images have no labels"},
		{"too few labels", line(s, []float32{0, 1}, 0), test, nil, "2 training features but 1 labels"},
		{"unlabelled", train, line(s, []float32{0, 1}, 0, -1), nil, "test image 1 has no label"},
		{"label out of range", train, line(s, []float32{0}, 7), nil, "label 7, but there are 7 classes"},
		{"one class", line(s, []float32{0, 1}, 3, 3), test, nil, `all 2 training images are of class "d"`},
		{"NaN", line(s, []float32{0, float32(math.NaN())}, 0, 1), test, nil, "training features of image 1 are not finite"},
		{"Inf", train, line(s, []float32{float32(math.Inf(1))}, 0), nil, "test features of image 0 are not finite"},
		{"overflow", line(s, []float32{huge, -huge}, 0, 1), test, nil, "overflow"},
		{"dimensions", train, Set{X: s.Ones([]int{1, 2}, torch.Float32, torch.CPU), Labels: []int{0}, Names: names}, nil, "have 1 features and the test images 2"},
		{"dtypes", train, Set{X: s.Ones([]int{1, 1}, torch.Float64, torch.CPU), Labels: []int{0}, Names: names}, nil, "must be alike"},
		{"classes", train, Set{X: test.X, Labels: []int{0}, Names: names[:2]}, nil, "7 classes and the test set 2"},
	} {
		o := good
		if c.change != nil {
			c.change(&o)
		}
		_, err := KNN(context.Background(), c.train, c.test, o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not contain %q", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := KNN(ctx, train, test, good); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	if _, err := KNNConvention("sklearn"); err == nil || !strings.Contains(err.Error(), "wu, lightly, dino") {
		t.Errorf("unknown convention: %v", err)
	}
}
