package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/encoders"
	"sslmem/eval"
	"sslmem/torch"
)

// takesEncoder marks commands whose argument is a run or a file of an encoder.
const takesEncoder = "RUN|ENCODER"

func evalCommand() *cli.Command {
	return &cli.Command{
		Name:      "eval",
		Usage:     "measure how good the features of trained encoders are, on any data set",
		ArgsUsage: takesEncoder,
		Description: `Classifies the test images of a data set by the features of an encoder: by the
nearest training images (--knn), by a linear classifier of them (--probe), or
after the encoder is trained further with one (--finetune). Without any of
these it does the first two. A data set without test images lends every fifth
training image. Intervals are about the choice of test images only. ENCODER is a
file of a run, safetensors or a state_dict of PyTorch with the names of
torchvision or timm, or TorchScript.

   sslmem eval runs/001-train
   sslmem eval --data cifar10 --knn runs/001-train/encoders/e0.safetensors`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`DATA` set, as for train (default: that of the run)"},
			&cli.IntFlag{Name: "image-size", Usage: "side `N` to which images of many sizes are resized first"},
			&cli.BoolFlag{Name: "knn", Usage: "k nearest neighbors"},
			&cli.StringFlag{Name: "convention", Value: "dino", Usage: "`NAME` of the convention for kNN: " + strings.Join(eval.KNNConventions(), ", ")},
			&cli.BoolFlag{Name: "probe", Usage: "linear probe: logistic regression on standardized features"},
			&cli.Float64Flag{Name: "weight-decay", Value: 1e-3, Usage: "`X` of the probe"},
			&cli.BoolFlag{Name: "finetune", Usage: "train the encoder with a classifier; the file stays as it is"},
			&cli.IntFlag{Name: "epochs", Value: 20, Usage: "`N` of the fine-tuning"},
			&cli.Float64Flag{Name: "lr", Value: 1e-3, Usage: "learning rate `X` of the fine-tuning, by AdamW"},
			deviceFlag(), jsonFlag(),
		}, append(plainFlags(), encoderFlags()...)...),
		Action: func(c *cli.Context) error {
			tasks, err := evalTasks(c)
			if err != nil {
				return usageError{err}
			}
			reports, err := evaluate(c, tasks)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, reports)
			}
			for _, r := range reports {
				if err := r.print(c.App.Writer); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// An evaluation is the accuracies of one encoder on one data set.
type evaluation struct {
	Encoder  string   `json:"encoder"`
	Data     string   `json:"data"`
	Train    int      `json:"train_images"`
	Test     int      `json:"test_images"`
	TestIs   string   `json:"test_is"` // where the test images are from
	Features int      `json:"features"`
	Notes    []string `json:"notes,omitempty"` // what was inferred of the encoder, and what left out

	KNN        *eval.Result         `json:"knn,omitempty"`
	KNNOptions *eval.KNNOptions     `json:"knn_options,omitempty"`
	Probe      *eval.ProbeResult    `json:"probe,omitempty"`
	FineTune   *eval.FineTuneResult `json:"finetune,omitempty"`
	RankMe     float64              `json:"rankme"` // of the test images
}

// tasks are what eval shall do.
type tasks struct {
	knn      *eval.KNNOptions
	probe    *eval.ProbeOptions
	finetune *eval.FineTuneOptions
}

func evalTasks(c *cli.Context) (t tasks, err error) {
	some := c.Bool("knn") || c.Bool("probe") || c.Bool("finetune")
	if c.Bool("knn") || !some {
		o, err := eval.KNNConvention(c.String("convention"))
		if err != nil {
			return t, err
		}
		t.knn = &o
	}
	if c.Bool("probe") || !some {
		t.probe = &eval.ProbeOptions{Method: "lbfgs", WeightDecay: c.Float64("weight-decay"), Standardize: true}
		if err := t.probe.Check(); err != nil {
			return t, err
		}
	}
	if c.Bool("finetune") {
		t.finetune = &eval.FineTuneOptions{
			Optimizer: "adamw", LR: c.Float64("lr"), WeightDecay: .05, LabelSmoothing: .1,
			Epochs: c.Int("epochs"), WarmupEpochs: min(c.Int("epochs")/10, 5), BatchSize: 64,
		}
	}
	return t, nil
}

// evaluate evaluates the encoders that the argument names.
func evaluate(c *cli.Context, t tasks) ([]evaluation, error) {
	path := c.Args().First()
	console := newConsole(c.App.ErrWriter, c.Bool("json"))
	s := TrainDefaults()
	var files []string
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("there is no run or encoder %s: %w", path, err)
	case info.IsDir():
		r, err := openRun(path, console)
		if err != nil {
			return nil, err
		}
		if name := r.missing(); name != "" {
			return nil, fmt.Errorf("encoder %s of %s is not trained yet; go on with: %s train --resume %s", name, path, program(), path)
		}
		s = r.settings
		for seed := range s.Seeds {
			for _, e := range r.roles() {
				files = append(files, r.encoderPath(e.name(seed)))
			}
		}
	default:
		files = []string{path}
		if !s.loadRunOf(path) {
			s.Data = ""
		}
		if s.Data == "" && !c.IsSet("data") {
			return nil, usageError{fmt.Errorf("say with --data on which data set %s shall be evaluated", path)}
		}
	}
	if c.IsSet("data") && c.String("data") != s.Data {
		s.Data, s.ImageSize = c.String("data"), 0
	}
	if c.IsSet("image-size") {
		s.ImageSize = c.Int("image-size")
	}
	s.Threads = 0 // one encoder at a time has all cores
	r := &run{settings: s, console: console}
	if err := r.useDevice(c.String("device")); err != nil {
		return nil, err
	}
	sets, err := openLabelled(s)
	if err != nil {
		return nil, err
	}
	var of EncoderSettings
	of.put(c)
	plain, err := readPlainViews(c)
	if err != nil {
		return nil, usageError{err}
	}
	var out []evaluation
	for _, file := range files {
		console.say("%s …", file)
		e, err := encoders.Open(file, of.options(r.device))
		if err != nil {
			return nil, err
		}
		result, err := evaluateEncoder(c.Context, e, sets, plain, t, r.device)
		e.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, result)
	}
	return out, nil
}

// loadRunOf takes the settings of the run that an encoder lies in, if it lies in one.
func (s *Settings) loadRunOf(path string) bool {
	dir, err := rundir.Open(filepath.Dir(filepath.Dir(path)))
	return err == nil && s.load(dir.Join(rundir.ConfigFile)) == nil
}

// evaluateEncoder does the tasks with an encoder.
func evaluateEncoder(ctx context.Context, e *encoders.Encoder, sets labelledSets, plain plainViews, t tasks, device torch.Device) (out evaluation, err error) {
	backbone, ok := e.Backbone()
	if t.finetune != nil && !ok {
		return out, fmt.Errorf("only weights can be trained further, but this is %s", e.Format)
	}
	out = evaluation{Encoder: e.Path, Notes: e.Notes, Data: sets.name, Train: len(sets.trainIndex), Test: len(sets.testIndex), TestIs: sets.testIs}
	views, err := plain.of(e, sets.train)
	if err != nil {
		return out, err
	}
	s := torch.NewScope()
	defer s.Close()
	o := eval.FeatureOptions{Augment: views, BatchSize: 256, Device: device, Index: sets.testIndex}
	test, err := eval.Features(ctx, s, e.Network, sets.test, o)
	if err != nil {
		return out, err
	}
	out.Features = test.X.Size(1)
	if out.RankMe, err = eval.RankMe(test.X); err != nil {
		return out, err
	}
	if t.knn != nil || t.probe != nil {
		o.Index = sets.trainIndex
		train, err := eval.Features(ctx, s, e.Network, sets.train, o)
		if err != nil {
			return out, err
		}
		if t.knn != nil {
			result, err := eval.KNN(ctx, train, test, *t.knn)
			if err != nil {
				return out, err
			}
			out.KNN, out.KNNOptions = &result, t.knn
		}
		if t.probe != nil {
			result, err := eval.LinearProbe(ctx, train, test, *t.probe)
			if err != nil {
				return out, err
			}
			out.Probe = &result
		}
	}
	if t.finetune != nil {
		tune := *t.finetune
		tune.Augment, tune.Device, tune.TrainIndex, tune.TestIndex = views, device, sets.trainIndex, sets.testIndex
		tune.BatchSize = min(tune.BatchSize, len(sets.trainIndex))
		result, err := eval.FineTune(ctx, backbone, sets.train, sets.test, tune)
		if err != nil {
			return out, err
		}
		out.FineTune = &result
	}
	return out, nil
}

// print writes an evaluation for a person.
func (e evaluation) print(w io.Writer) error {
	fmt.Fprintf(w, "%s on %s: %d training images, %d of %s; %d features, rank %.0f\n", e.Encoder, e.Data, e.Train, e.Test, e.TestIs, e.Features, e.RankMe)
	for _, note := range e.Notes {
		fmt.Fprintf(w, "  note: %s\n", note)
	}
	if e.KNN != nil {
		o := e.KNNOptions
		fmt.Fprintf(w, "  kNN (k %d, %s, %s weights)  %v\n", o.K, o.Distance, o.Weights, *e.KNN)
	}
	if e.Probe != nil {
		fmt.Fprintf(w, "  linear probe  %v\n", e.Probe.Result)
	}
	if e.FineTune != nil {
		fmt.Fprintf(w, "  fine-tuned  %v\n", e.FineTune.Result)
	}
	return nil
}
