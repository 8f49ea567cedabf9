package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/data"
	"sslmem/data/atomicfile"
	"sslmem/encoders"
	"sslmem/eval"
	"sslmem/torch"
)

// takesEncoderFile marks commands whose argument is the file of an encoder.
const takesEncoderFile = "ENCODER"

// embedBatch bounds the images of a forward pass. What a layer gives for a batch is in
// memory, and more images at once are hardly faster.
const embedBatch = 64

func embedCommand() *cli.Command {
	return &cli.Command{
		Name:      "embed",
		Usage:     "write the features that an encoder has of images, or the output of any layer",
		ArgsUsage: takesEncoderFile,
		Description: `Writes what an encoder gives for the images of a data set, whole and without
augmentation, in their order. The ending of --out says how:

   .npy          one array, float32 [N, …]
   .safetensors  "features" with "index" and "label", int64 [N] (label −1: none)
   .csv          index, label, f0, f1, …

Images are written as they come, so that any number of them takes little memory.

   sslmem embed --data cifar10 -o train.safetensors model.pth
   sslmem embed --data cifar10 --split test --layer layer3 -o layer3.npy model.pth
   sslmem embed --list-layers model.pth`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`DATA` set, as for train (default: that of the run that the encoder lies in)"},
			&cli.IntFlag{Name: "image-size", Usage: "side `N` to which images of many sizes are resized first"},
			&cli.StringFlag{Name: "split", Value: "train", Usage: "`PART` of the data: train or test"},
			&cli.StringFlag{Name: "index", Usage: "`FILE` with the images to take, in its order, as for score (default: all)"},
			&cli.StringFlag{Name: "layer", Value: encoders.FeaturesLayer, Usage: "`LAYER` whose output is written"},
			&cli.BoolFlag{Name: "list-layers", Usage: "print the names of the layers, in the order in which they are computed"},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FILE` to write: .npy, .safetensors or .csv"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace the file that --out names"},
			deviceFlag(), jsonFlag(),
		}, append(plainFlags(), encoderFlags()...)...),
		Action: embed,
	}
}

// embedOutcome is what the command prints.
type embedOutcome struct {
	File    string            `json:"file"`
	Encoder *encoders.Encoder `json:"encoder"`
	Data    string            `json:"data"`
	Split   string            `json:"split"`
	Layer   string            `json:"layer"`
	Shape   []int             `json:"shape"`
	Seconds float64           `json:"seconds"`
	Memory  int64             `json:"peak_memory_bytes"`
}

func embed(c *cli.Context) (err error) {
	start := time.Now()
	j := embedding{layer: c.String("layer"), out: c.String("out")}
	if err := j.check(c); err != nil {
		return usageError{err}
	}
	if j.plain, err = readPlainViews(c); err != nil {
		return usageError{err}
	}
	s := TrainDefaults()
	r := &run{settings: s, console: newConsole(c.App.ErrWriter, c.Bool("json"))}
	r.settings.Threads = 0
	if err := r.useDevice(c.String("device")); err != nil {
		return err
	}
	j.device, j.console = r.device, r.console
	var of EncoderSettings
	of.put(c)
	if j.encoder, err = encoders.Open(c.Args().First(), of.options(r.device)); err != nil {
		return err
	}
	defer j.encoder.Close()
	if c.Bool("list-layers") {
		return listLayers(c, j.encoder)
	}
	if j.network, err = j.encoder.Layer(j.layer); err != nil {
		return usageError{err}
	}
	if err := j.openImages(c); err != nil {
		return err
	}
	shape, err := j.write(c.Context)
	if err != nil {
		return err
	}
	name, _ := j.images.Title()
	return embedOutcome{
		File: j.out, Encoder: j.encoder, Data: name, Split: c.String("split"), Layer: j.layer, Shape: shape,
		Seconds: time.Since(start).Seconds(), Memory: peakMemory(),
	}.print(c)
}

// listLayers prints the names of the layers.
func listLayers(c *cli.Context, e *encoders.Encoder) error {
	if c.Bool("json") {
		return printJSON(c.App.Writer, e.Layers())
	}
	_, err := fmt.Fprintln(c.App.Writer, strings.Join(e.Layers(), "\n"))
	return err
}

func (o embedOutcome) print(c *cli.Context) error {
	w := c.App.Writer
	if c.Bool("json") {
		return printJSON(w, o)
	}
	fmt.Fprintf(w, "%s  %v\n", o.Encoder.Path, o.Encoder)
	for _, note := range o.Encoder.Notes {
		fmt.Fprintf(w, "  note: %s\n", note)
	}
	_, err := fmt.Fprintf(w, "%s  %s of %s (%s), %v\ndone in %s, %.2f GB resident at most\n",
		o.File, o.Layer, o.Data, o.Split, o.Shape, clock(time.Duration(o.Seconds*float64(time.Second))), float64(o.Memory)/1e9)
	return err
}

// An embedding writes the output of a layer for images to a file.
type embedding struct {
	encoder *encoders.Encoder
	network encoders.Network // that gives the layer
	layer   string
	plain   plainViews
	train   data.Images // that normalisation is taken from
	images  data.Images
	index   []int // those to take
	out     string
	device  torch.Device
	console *console
}

// check finds what is wrong with the flags.
func (j *embedding) check(c *cli.Context) error {
	if split := c.String("split"); split != "train" && split != "test" {
		return fmt.Errorf("--split is %q but must be train or test", split)
	}
	if c.Bool("list-layers") {
		return nil
	}
	if j.out == "" {
		return fmt.Errorf("say with --out FILE where to write to, such as -o features.npy")
	}
	if embedFormats[filepath.Ext(j.out)] == nil {
		return fmt.Errorf("the ending of --out tells the format: %s must end in .npy, .safetensors or .csv", j.out)
	}
	if _, err := os.Stat(j.out); err == nil && !c.Bool("overwrite") {
		return fmt.Errorf("%s is there already; give another name, or --overwrite", j.out)
	}
	return nil
}

// openImages opens what the flags name.
func (j *embedding) openImages(c *cli.Context) (err error) {
	s := TrainDefaults()
	if !s.loadRunOf(j.encoder.Path) {
		s.Data = ""
	}
	if c.IsSet("data") && c.String("data") != s.Data {
		s.Data, s.ImageSize = c.String("data"), 0
	}
	if c.IsSet("image-size") {
		s.ImageSize = c.Int("image-size")
	}
	if s.Data == "" {
		return usageError{fmt.Errorf("say with --data of which data set's images %s shall give features", j.encoder.Path)}
	}
	s.Recipe.Augment.Size = max(j.plain.size, j.encoder.Views.Size)
	if j.train, err = openImages(s); err != nil {
		return err
	}
	j.images = j.train
	if c.String("split") == "test" {
		if j.images, err = openTest(s); err != nil {
			return err
		}
		if j.images == nil {
			name, _ := j.train.Title()
			return fmt.Errorf("%s has no test images; take --split train", name)
		}
	}
	j.index = evenly(j.images.Len(), j.images.Len())
	if path := c.String("index"); path != "" {
		if j.index, err = data.LoadIndices(path); err != nil {
			return err
		}
		if last := slices.Max(j.index); last >= j.images.Len() {
			name, _ := j.images.Title()
			return fmt.Errorf("%s lists image %d, but %s has the images 0 to %d", path, last, name, j.images.Len()-1)
		}
	}
	return nil
}

// write writes the file, which appears complete or not at all, and returns the shape of
// its features.
func (j *embedding) write(ctx context.Context) (shape []int, err error) {
	recipe, err := j.plain.of(j.encoder, j.train)
	if err != nil {
		return nil, err
	}
	j.console.begin(len(j.index))
	defer j.console.end()
	o := eval.FeatureOptions{Augment: recipe, BatchSize: embedBatch, Device: j.device, Index: j.index, Report: j.console.images("features of", 1)}
	var failed error // before it was written
	err = atomicfile.Write(j.out, func(w io.Writer) error {
		format := embedFormats[filepath.Ext(j.out)](j, w)
		write := func(err error) error {
			if err != nil {
				err = fmt.Errorf("cannot write %s: %w", j.out, err)
			}
			return err
		}
		failed = eval.EachFeatures(ctx, j.network, j.images, o, func(index []int, y *torch.Tensor) error {
			row := y.Shape()[1:]
			values := torch.ToSlice[float32](y.ToDType(torch.Float32))
			if at, ok := notFinite(values, len(index)); ok {
				return fmt.Errorf("the encoder gives image %d features that are NaN or infinite; look at its weights and at the image", index[at])
			}
			if shape == nil {
				shape = append([]int{len(j.index)}, row...)
				if err := write(format.begin(shape)); err != nil {
					return err
				}
			}
			if !slices.Equal(row, shape[1:]) {
				return fmt.Errorf("the encoder gives features of shape %v for some images and %v for others", shape[1:], row)
			}
			return write(format.rows(index, values))
		})
		return failed
	})
	return shape, cmp.Or(failed, err)
}

// notFinite returns the first of n rows with a value that is no number.
func notFinite(values []float32, n int) (row int, found bool) {
	for i, v := range values {
		if v-v != 0 {
			return i * n / len(values), true
		}
	}
	return 0, false
}
