package eval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/views"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// encoder returns a small network in training mode, whose running statistics
// are not those that it started with; it is freed when the test ends.
func encoder(t testing.TB, channels int, seed uint64) models.Backbone {
	t.Helper()
	e, err := models.New(models.Config{Model: "resnet9", Width: 4, InChannels: channels}, torch.NewGenerator(seed, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nn.Free(e) })
	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		x := s.Zeros([]int{16, channels, 28, 28}, torch.Float32, torch.CPU)
		e.Forward(x.NormalLike(x.OnesLike(), torch.NewGenerator(seed, torch.CPU)))
	})
	return e
}

// encoderFunc is an Encoder that is only a function.
type encoderFunc func(x *torch.Tensor) *torch.Tensor

func (f encoderFunc) Forward(x *torch.Tensor) *torch.Tensor { return f(x) }

func fashion(t testing.TB) (train, test *data.Dataset) {
	t.Helper()
	train, test, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	return train, test
}

// options returns options for images like d, with a recipe of many random steps.
func options(t testing.TB, d data.Images) FeatureOptions {
	t.Helper()
	r, err := augment.Lookup("simclr-cifar")
	if err == nil {
		r, err = views.Fit(r, d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return FeatureOptions{Augment: r, BatchSize: 8, Device: torch.CPU}
}

func extract(t testing.TB, s *torch.Scope, e Encoder, d data.Images, o FeatureOptions) Set {
	t.Helper()
	set, err := Features(context.Background(), s, e, d, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Features are those of the whole image, normalised as in training, one by one
// and in evaluation mode.
func TestFeatures(t *testing.T) {
	torchtest.NoLeak(t)
	train, test := fashion(t)
	e, o := encoder(t, 1, 1), options(t, train)
	o.Index = []int{17, 3, 900, 256, 999, 0, 31, 17}
	s := torch.NewScope()
	defer s.Close()
	var want []*torch.Tensor
	nn.SetTraining(e, false)
	for _, i := range o.Index {
		pixels := make([]float32, 28*28)
		for k, v := range test.Image(i) {
			pixels[k] = (float32(v)/255 - o.Augment.Mean[0]) / o.Augment.Std[0]
		}
		torch.NoGrad(func() { want = append(want, e.Forward(torch.FromSlice(s, pixels, 1, 1, 28, 28))) })
	}
	nn.SetTraining(e, true)
	before := maps.Collect(nn.State(e))
	stats := torch.ToSlice[float32](before["conv1.1.running_mean"])
	for _, batch := range []int{1, 3, 8, 100} {
		o.BatchSize = batch
		var reports []int
		o.Report = func(done, total int) { reports = append(reports, done, total) }
		set := extract(t, s, e, test, o)
		torchtest.AllClose(t, set.X, torch.Cat(want, 0), 1e-5, 1e-5)
		if set.X.Scope() != s || set.X.RequiresGrad() || set.X.DType() != torch.Float32 {
			t.Errorf("features of scope %v, of dtype %v, require grad: %v", set.X.Scope(), set.X.DType(), set.X.RequiresGrad())
		}
		if n := len(reports); n != 2*((8+batch-1)/batch) || reports[n-2] != 8 || reports[n-1] != 8 {
			t.Errorf("batch size %d: reports %v", batch, reports)
		}
		for k, i := range o.Index {
			if set.Labels[k] != test.Labels[i] {
				t.Errorf("label %d is %d, want %d", k, set.Labels[k], test.Labels[i])
			}
		}
		if !slices.Equal(set.Names, test.Classes) || set.Len() != 8 {
			t.Errorf("%d images of classes %v", set.Len(), set.Names)
		}
	}
	if !slices.Equal(torch.ToSlice[float32](before["conv1.1.running_mean"]), stats) {
		t.Error("the running statistics of the encoder have moved")
	}
	moved := false
	torch.NoGrad(func() {
		e.Forward(s.Ones([]int{2, 1, 28, 28}, torch.Float32, torch.CPU))
		moved = !slices.Equal(torch.ToSlice[float32](before["conv1.1.running_mean"]), stats)
	})
	if !moved {
		t.Error("the encoder is not in training mode any more")
	}
}

// jpegFolder writes n images of Fashion-MNIST as JPEGs of two classes.
func jpegFolder(t *testing.T, n int) string {
	t.Helper()
	train, _ := fashion(t)
	dir := t.TempDir()
	for i := range n {
		class := filepath.Join(dir, []string{"even", "odd"}[i%2])
		if err := os.MkdirAll(class, 0o777); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, &image.Gray{Pix: train.Image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(class, fmt.Sprintf("%03d.jpg", i)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Images that are decoded as they are needed have the features that they have in
// memory; all images are taken where no index says which.
func TestFeaturesOfAFolder(t *testing.T) {
	torchtest.NoLeak(t)
	dir := jpegFolder(t, 21)
	opened, err := data.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := data.Load(opened.Train, 24)
	if err != nil {
		t.Fatal(err)
	}
	lazy, err := data.NewLazy(opened.Train, 24)
	if err != nil {
		t.Fatal(err)
	}
	e, o := encoder(t, 3, 1), options(t, memory)
	s := torch.NewScope()
	defer s.Close()
	want, got := extract(t, s, e, memory, o), extract(t, s, e, lazy, o)
	if !slices.Equal(torch.ToSlice[float32](got.X), torch.ToSlice[float32](want.X)) || got.Len() != memory.Len() {
		t.Error("the features of images on disk differ from those of images in memory")
	}
	if !slices.Equal(got.Labels, want.Labels) || slices.Max(got.Labels) != 1 || !slices.Equal(got.Names, []string{"even", "odd"}) {
		t.Errorf("labels %v of classes %v", got.Labels, got.Names)
	}
	victim := filepath.Join(dir, "odd", "003.jpg")
	if err := os.WriteFile(victim, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	left := torch.NewScope()
	defer left.Close()
	if _, err := Features(context.Background(), left, e, lazy, o); err == nil || !strings.Contains(err.Error(), "003.jpg") {
		t.Errorf("error %v does not name the file", err)
	}
	if left.Len() != 0 {
		t.Errorf("%d tensors are left after an error", left.Len())
	}
}

// An encoder in evaluation mode serves several goroutines.
func TestFeaturesTogether(t *testing.T) {
	train, _ := fashion(t)
	e, o := encoder(t, 1, 1), options(t, train)
	nn.SetTraining(e, false)
	o.Index = []int{5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
	got := make([][]float32, 4)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			s := torch.NewScope()
			defer s.Close()
			set, err := Features(context.Background(), s, e, train, o)
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = torch.ToSlice[float32](set.X)
		})
	}
	wg.Wait()
	for i := range got {
		if !slices.Equal(got[i], got[0]) {
			t.Errorf("goroutine %d has other features", i)
		}
	}
}

func TestPlain(t *testing.T) {
	r, err := augment.Lookup("simclr-cifar")
	if err != nil {
		t.Fatal(err)
	}
	r.Size, r.Mean, r.Std, r.Interpolation, r.Aliased = 20, []float32{.5}, []float32{.2}, augment.Bicubic, true
	p := Plain(r)
	if p.Size != 20 || p.Interpolation != augment.Bicubic || !p.Aliased || !slices.Equal(p.Mean, r.Mean) || !slices.Equal(p.Std, r.Std) {
		t.Errorf("%+v", p)
	}
	whole := augment.Whole(31, 17)
	whole.Order = p.Draw(augment.Key{Seed: 9}, 3, 31, 17).Order // of nothing
	if got, want := p.Draw(augment.Key{Seed: 9}, 3, 31, 17), whole; got != want {
		t.Errorf("the parameters are %+v, want %+v", got, want)
	}
}

func TestFeaturesRefuse(t *testing.T) {
	torchtest.NoLeak(t)
	train, _ := fashion(t)
	good := options(t, train)
	good.Index = []int{0, 1, 2}
	constant := func(shape ...int) encoderFunc {
		return func(x *torch.Tensor) *torch.Tensor { return x.NewZeros(shape) }
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	s := torch.NewScope()
	defer s.Close()
	calls := 0
	growing := encoderFunc(func(x *torch.Tensor) *torch.Tensor {
		calls++
		return x.NewZeros([]int{x.Size(0), calls + 1})
	})
	for _, c := range []struct {
		name   string
		ctx    context.Context
		e      Encoder
		change func(o *FeatureOptions)
		want   string
	}{
		{"batch", nil, constant(3, 2), func(o *FeatureOptions) { o.BatchSize = 0 }, "batch size of features is 0"},
		{"open size", nil, constant(3, 2), func(o *FeatureOptions) { o.Augment.Size = 0 }, "views.Fit"},
		{"open normalisation", nil, constant(3, 2), func(o *FeatureOptions) { o.Augment.Mean, o.Augment.Std = nil, nil }, "views.Fit"},
		{"recipe", nil, constant(3, 2), func(o *FeatureOptions) { o.Augment.Flip = 2 }, "flip"},
		{"no images", nil, constant(3, 2), func(o *FeatureOptions) { o.Index = []int{} }, "no images"},
		{"index", nil, constant(3, 2), func(o *FeatureOptions) { o.Index = []int{0, 60000} }, "image 60000 is not in"},
		{"rank", nil, constant(3, 2, 2), nil, "shape [3 2 2] for 3 images"},
		{"rows", nil, constant(4, 2), nil, "shape [4 2] for 3 images"},
		{"dimensions change", nil, growing, func(o *FeatureOptions) { o.BatchSize = 1 }, "features of images"},
		{"ended", ended, constant(3, 2), nil, context.Canceled.Error()},
	} {
		o := good
		if c.change != nil {
			c.change(&o)
		}
		if c.ctx == nil {
			c.ctx = context.Background()
		}
		_, err := Features(c.ctx, s, c.e, train, o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not contain %q", c.name, err, c.want)
		}
		if s.Len() != 0 {
			t.Errorf("%s: %d tensors are left in the scope", c.name, s.Len())
		}
	}
	// A context that ends between two batches.
	ctx, cancel := context.WithCancel(context.Background())
	good.BatchSize = 1
	good.Report = func(done, _ int) {
		if done == 2 {
			cancel()
		}
	}
	if _, err := Features(ctx, s, constant(1, 2), train, good); !errors.Is(err, context.Canceled) || s.Len() != 0 {
		t.Errorf("a context that ends: %v, %d tensors left", err, s.Len())
	}
}
