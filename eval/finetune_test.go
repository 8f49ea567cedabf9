package eval

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// tanhLayer is the encoder of make_eval.py.
type tanhLayer struct{ *nn.Linear }

func (l tanhLayer) Features() int { return l.Weight.Size(0) }

func (l tanhLayer) Forward(x *torch.Tensor) *torch.Tensor {
	return l.Linear.Forward(x.Flatten(1, -1)).Tanh()
}

// noise is the function of that name in make_eval.py.
func noise(x int) float64 {
	h := uint32(x)
	for range 2 {
		h = (h ^ h>>16) * 0x45D9F3B
	}
	return float64((h^h>>16)&0xFFFF)/32768 - 1
}

// noiseImages are the images of make_eval.py.
func noiseImages() *data.Dataset {
	const n, pixels = 36, 16
	d := &data.Dataset{Name: "noise", C: 1, H: 4, W: 4, Classes: names}
	for i := range n {
		y := i % len(names)
		d.Labels = append(d.Labels, y)
		for p := range pixels {
			d.Pixels = append(d.Pixels, uint8((2*noise(7000+y*pixels+p)+noise(30000+i*pixels+p)+3)*127.5/3))
		}
	}
	return d
}

// Fine-tuning takes the steps that PyTorch takes from the same weights with the
// same images.
func TestFineTuneAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, evalFile)
	d := noiseImages()
	for name, o := range map[string]FineTuneOptions{
		"sgd":   {Optimizer: "sgd", LR: .05, Momentum: .9, WeightDecay: 1e-2},
		"adamw": {Optimizer: "adamw", LR: 1e-2, WeightDecay: .1, LabelSmoothing: .1},
	} {
		t.Run(name, func(t *testing.T) {
			o.Augment = augment.Recipe{Name: "none", Size: 4, Mean: []float32{.5}, Std: []float32{.25}}
			o.Epochs, o.WarmupEpochs, o.BatchSize, o.Device = 5, 1, 8, torch.CPU
			group := torchtest.Group(fixture, "tune/"+name)
			g := torch.NewGenerator(1, torch.CPU)
			net := &network{encoder: tanhLayer{nn.NewLinear(16, 5, true, g)}, head: newHead(5, 7, o)}
			defer nn.Free(net)
			if err := nn.LoadState(net, torchtest.Part(group, "start.")); err != nil {
				t.Fatal(err)
			}
			l, err := newLesson(d, o)
			if err != nil {
				t.Fatal(err)
			}
			order := torch.ToSlice[int64](group["order"])
			l.choose = func(step int) (images []int, epoch int) {
				for _, i := range order[8*step : 8*step+8] {
					images = append(images, int(i))
				}
				return images, step / l.perEpoch
			}
			c, err := l.train(context.Background(), net)
			if err != nil {
				t.Fatal(err)
			}
			if want := group["loss"].Item(); math.Abs(c.loss-want) > 1e-5 || c.steps != 20 {
				t.Errorf("loss %v, want %v, after %d steps", c.loss, want, c.steps)
			}
			if want := group["top1"].Item(); math.Abs(c.top1-want) > 1e-6 {
				t.Errorf("top-1 of the training views %v, want %v", c.top1, want)
			}
			end := torchtest.Part(group, "end.")
			for key, w := range nn.State(net) {
				torchtest.AllClose(t, w, end[key], 1e-5, 1e-5)
			}
		})
	}
}

func fineTune(t *testing.T, e Network, train, test data.Images, o FineTuneOptions) FineTuneResult {
	t.Helper()
	r, err := FineTune(context.Background(), e, train, test, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// someFashion returns 240 training and 200 test images and options to learn from
// them.
func someFashion(t *testing.T) (train, test *data.Dataset, o FineTuneOptions) {
	train, test = fashion(t)
	r := options(t, train).Augment
	r.ScaleMin, r.Brightness, r.Contrast = .6, 0, 0
	o = FineTuneOptions{
		Augment: r, Optimizer: "adamw", LR: 1e-2, WeightDecay: .05,
		Epochs: 6, WarmupEpochs: 1, BatchSize: 24, Seed: 4, Device: torch.CPU,
	}
	for i := range 240 {
		o.TrainIndex = append(o.TrainIndex, 5*i)
	}
	for i := range 200 {
		o.TestIndex = append(o.TestIndex, 999-i)
	}
	return train, test, o
}

// sameState fails the test unless e has the tensors that it had.
func sameState(t *testing.T, e models.Backbone, before map[string]*torch.Tensor) {
	t.Helper()
	for name, w := range nn.State(e) {
		if !bytes.Equal(torch.ToSlice[uint8](viewBytes(w)), torch.ToSlice[uint8](viewBytes(before[name]))) {
			t.Errorf("%s has changed", name)
		}
		if w.Grad() != nil {
			t.Errorf("%s has a gradient", name)
		}
	}
}

// viewBytes is w bit for bit.
func viewBytes(w *torch.Tensor) *torch.Tensor {
	v, err := torch.Call("aten::view.dtype", w.Detach().Unsqueeze(0), torch.Uint8)
	if err != nil {
		panic(err)
	}
	return v.Tensor()
}

// An encoder learns to tell the classes apart, gives the same result for the
// same seed, and is afterwards what it was.
func TestFineTune(t *testing.T) {
	torchtest.NoLeak(t)
	train, test, o := someFashion(t)
	e := encoder(t, 1, 5)
	frozen := maps.Collect(nn.Parameters(e))["conv1.0.weight"].RequireGrad(false)
	s := torch.NewScope()
	defer s.Close()
	before := nn.CloneState(s, e)
	reports := 0
	o.Report = func(done, total int) {
		reports++
		if done != reports || total != 60 {
			t.Errorf("report of %d of %d steps, want %d of 60", done, total, reports)
		}
	}
	r := fineTune(t, e, train, test, o)
	sameState(t, e, before)
	if r.N != 200 || r.Top1 < .45 || r.Loss > 1.3 || r.Steps != 60 || reports != 60 {
		t.Errorf("%v, loss %v after %d steps; want at least 60 %% and a loss below 1", r, r.Loss, r.Steps)
	}
	if frozen.RequiresGrad() {
		t.Error("a frozen parameter is not frozen any more")
	}
	probe := extract(t, s, e, test, FeatureOptions{Augment: o.Augment, Index: o.TestIndex, BatchSize: 50, Device: torch.CPU})
	if !slices.Equal(probe.Names, test.Classes) {
		t.Error("the encoder cannot be used any more")
	}
	o.Report = nil
	if again := fineTune(t, e, train, test, o); again.Loss != r.Loss || again.String() != r.String() {
		t.Errorf("the same seed gives loss %v and then %v", r.Loss, again.Loss)
	}
	o.Seed, o.Epochs = 5, 2
	other := fineTune(t, e, train, test, o)
	o.Seed = 6
	if third := fineTune(t, e, train, test, o); third.Loss == other.Loss {
		t.Error("another seed gives the same loss")
	}
	sameState(t, e, before)
}

func TestFineTuneRefuses(t *testing.T) {
	torchtest.NoLeak(t)
	train, test, good := someFashion(t)
	e := encoder(t, 1, 5)
	s := torch.NewScope()
	defer s.Close()
	before := nn.CloneState(s, e)
	one := *train
	one.Labels = make([]int, train.Len())
	bare := *train
	bare.Labels, bare.Classes = nil, nil
	gaps := *train
	gaps.Labels = slices.Clone(train.Labels)
	gaps.Labels[995] = -1
	two := *test
	two.Classes = test.Classes[:2]
	for _, c := range []struct {
		name        string
		change      func(o *FineTuneOptions)
		train, test *data.Dataset
		want        string
	}{
		{"optimizer", func(o *FineTuneOptions) { o.Optimizer = "adam" }, train, test, `optimizer is "adam"`},
		{"lr", func(o *FineTuneOptions) { o.LR = -1 }, train, test, "lr is -1"},
		{"momentum", func(o *FineTuneOptions) { o.Optimizer, o.Momentum = "sgd", 1 }, train, test, "momentum is 1"},
		{"useless momentum", func(o *FineTuneOptions) { o.Momentum = .9 }, train, test, "with adamw"},
		{"weight decay", func(o *FineTuneOptions) { o.WeightDecay = math.Inf(1) }, train, test, "weight_decay is +Inf"},
		{"smoothing", func(o *FineTuneOptions) { o.LabelSmoothing = 1 }, train, test, "label_smoothing is 1"},
		{"epochs", func(o *FineTuneOptions) { o.Epochs = 0 }, train, test, "epochs is 0"},
		{"warm-up", func(o *FineTuneOptions) { o.WarmupEpochs = 6 }, train, test, "warmup_epochs is 6"},
		{"batch", func(o *FineTuneOptions) { o.BatchSize = 0 }, train, test, "batch_size is 0"},
		{"open recipe", func(o *FineTuneOptions) { o.Augment.Size = 0 }, train, test, "views.Fit"},
		{"large batch", func(o *FineTuneOptions) { o.BatchSize = 241 }, train, test, "240 images do not fill one batch of 241"},
		{"no labels", nil, &bare, test, "training images have no labels"},
		{"a gap", nil, &gaps, test, "training image 995 has no label"},
		{"one class", nil, &one, test, "all 240 training images are of class"},
		{"classes", nil, train, &two, "10 classes and the test set 2"},
		{"no test labels", nil, train, &bare, "test images have no labels"},
		{"index", func(o *FineTuneOptions) { o.TestIndex = []int{-1} }, train, test, "image -1 is not in"},
		{"no images", func(o *FineTuneOptions) { o.TrainIndex = []int{} }, train, test, "no images"},
		{"diverges", func(o *FineTuneOptions) { o.Optimizer, o.LR = "sgd", 1e30 }, train, test, "lower lr (now 1e+30)"},
	} {
		o := good
		if c.change != nil {
			c.change(&o)
		}
		_, err := FineTune(context.Background(), e, c.train, c.test, o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not contain %q", c.name, err, c.want)
		}
		sameState(t, e, before)
	}
	ctx, cancel := context.WithCancel(context.Background())
	good.Report = func(done, _ int) {
		if done == 3 {
			cancel()
		}
	}
	if _, err := FineTune(ctx, e, train, test, good); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
	sameState(t, e, before)
}
