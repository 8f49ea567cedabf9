package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch/nn"
)

const (
	// layersBatch bounds the views of a forward pass that shows its layers, whose
	// outputs are large.
	layersBatch = 128
	// unitViews is the published number of views that activations are averaged
	// over.
	unitViews = 10
	// unitsShown is the number of units that are named.
	unitsShown = 10
)

func layersCommand() *cli.Command {
	return &cli.Command{
		Name:      "layers",
		Usage:     "measure where in the encoders of a run images are memorized, by layer and unit",
		ArgsUsage: takesRun,
		Description: `Measures, for all pairs of a trained run, LayerMem of each layer with its
increase from layer to layer (Wang et al. 2024), for each of the four sets, and
writes them to layers.csv; "mean − S_E" takes away how much f is better aligned
at a layer anyhow. Measures UnitMem of all units behind an activation for one
encoder, over images that it was trained on, and writes it to units.csv. Shown
are the table of one set and the distribution of UnitMem in each layer.

   sslmem layers runs/001-train
   sslmem layers --set S_I --encoder g0 runs/001-train`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "set", Value: mem.Candidate.String(), Usage: "the `SET` whose table is shown: S_S, S_C, S_I or S_E"},
			&cli.StringSliceFlag{Name: "layer", Usage: "a `LAYER` to measure; may be repeated (all convolutions and blocks if none is given)"},
			&cli.StringFlag{Name: "maps", Value: string(mem.FlatMaps), Usage: "how a map becomes a vector: flat or mean"},
			&cli.StringFlag{Name: "encoder", Value: roleF.name(0), Usage: "the `ENCODER` whose units are measured, such as f0 or g1"},
			&cli.IntFlag{Name: "points", Value: 1000, Usage: "up to `N` of its training images, evenly spread, are taken for units"},
			deviceFlag(), jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			start := time.Now()
			r, err := openArgument(c)
			if err != nil {
				return err
			}
			l := layerJob{run: r, layers: c.StringSlice("layer"), maps: mem.Maps(c.String("maps")), encoder: c.String("encoder"), points: c.Int("points")}
			if err := l.check(c.String("set")); err != nil {
				return err
			}
			if err := r.useDevice(c.String("device")); err != nil {
				return err
			}
			found, err := l.measure(c.Context)
			if err != nil {
				return err
			}
			o := r.finish(outcome{}, start)
			o.Files = []string{r.dir.Join(rundir.LayersFile), r.dir.Join(rundir.UnitsFile)}
			found.outcome = o
			return found.print(c)
		},
	}
}

// layersOutcome is what the command prints.
type layersOutcome struct {
	outcome
	Layers *mem.LayerTable `json:"layers"`
	Units  []mem.UnitLayer `json:"units"`
	Most   []mem.Unit      `json:"most"`

	table *mem.UnitTable
}

func (o layersOutcome) print(c *cli.Context) error {
	w := c.App.Writer
	if c.Bool("json") {
		return printJSON(w, o)
	}
	if err := o.Layers.WriteText(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := o.table.WriteText(w, unitsShown); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return o.outcome.print(w, false)
}

// A layerJob measures the layers and units of a run.
type layerJob struct {
	run     *run
	layers  []string
	maps    mem.Maps
	encoder string
	points  int

	set  mem.Set
	role role // of the encoder
	at   int  // the pair that it is of
}

// check finds what is wrong before anything is loaded.
func (l *layerJob) check(set string) (err error) {
	r := l.run
	if l.set, err = mem.ParseSet(set); err != nil {
		return usageError{err}
	}
	if _, err := mem.ParseMaps(string(l.maps)); err != nil {
		return usageError{err}
	}
	if l.points < 2 {
		return usageError{fmt.Errorf("--points is %d but must be at least 2", l.points)}
	}
	if !r.settings.Pair {
		return fmt.Errorf("%s trained single encoders; layers are compared between the encoders of a pair: train with --pair", r.dir)
	}
	for pair := range r.settings.Seeds {
		for _, e := range r.roles() {
			if e.name(pair) == l.encoder {
				l.role, l.at = e, pair
			}
		}
	}
	if l.role == "" {
		return usageError{fmt.Errorf("there is no encoder %q in %s, which has %s to %s", l.encoder, r.dir, roleF.name(0), roleG.name(r.settings.Seeds-1))}
	}
	if len(r.members()[l.set]) == 0 {
		return usageError{fmt.Errorf("%v of %s has no images", l.set, r.dir)}
	}
	if name := r.missing(); name != "" {
		return fmt.Errorf("encoder %s of %s is not trained yet; go on with: sslmem train --resume %s", name, r.dir, r.dir)
	}
	return nil
}

func (l *layerJob) measure(ctx context.Context) (layersOutcome, error) {
	r := l.run
	points := spread(r.trainingImages(l.role), l.points)
	total := r.splits.Sizes().Total()
	r.console.begin(r.settings.Seeds*2*r.settings.Score.Views*total + unitViews*len(points))
	defer r.console.end()
	tables, err := l.tables(ctx)
	if err != nil {
		return layersOutcome{}, err
	}
	if err := mem.SaveLayersCSV(r.dir.Join(rundir.LayersFile), tables...); err != nil {
		return layersOutcome{}, err
	}
	units, err := l.units(ctx, points)
	if err != nil {
		return layersOutcome{}, fmt.Errorf("units of encoder %s: %w", l.encoder, err)
	}
	if err := units.SaveCSV(r.dir.Join(rundir.UnitsFile)); err != nil {
		return layersOutcome{}, err
	}
	o := layersOutcome{Units: units.Layers(), Most: units.Most(unitsShown), table: units}
	for _, t := range tables {
		if t.Set == l.set {
			o.Layers = t
		}
	}
	return o, nil
}

// tables returns the table of each set that has images.
func (l *layerJob) tables(ctx context.Context) ([]*mem.LayerTable, error) {
	var scores *mem.LayerScores
	for pair := range l.run.settings.Seeds {
		losses, err := l.pair(ctx, pair)
		if err != nil {
			return nil, fmt.Errorf("layers of pair %d: %w", pair, err)
		}
		if scores == nil {
			scores = mem.NewLayerScores(losses.Layers, l.run.members(), data.Labels(l.run.data))
		}
		if err := scores.AddPair(losses); err != nil {
			return nil, err
		}
	}
	var tables []*mem.LayerTable
	for _, set := range mem.Sets() {
		if n := len(l.run.members()[set]); n > 0 {
			t, err := scores.Table(set, mem.Extreme)
			if err != nil {
				return nil, err
			}
			tables = append(tables, t)
		}
	}
	return tables, nil
}

// pair measures the layers of one pair of encoders.
func (l *layerJob) pair(ctx context.Context, pair int) (losses mem.LayerLosses, err error) {
	r := l.run
	f, err := r.loadEncoder(r.encoderPath(roleF.name(pair)))
	if err != nil {
		return losses, err
	}
	defer nn.Free(f)
	g, err := r.loadEncoder(r.encoderPath(roleG.name(pair)))
	if err != nil {
		return losses, err
	}
	defer nn.Free(g)
	c := r.settings.Score.scorer(r.settings.Recipe, r.scoreSeed(pair))
	if c.Augment, err = r.fittedViews(); err != nil {
		return losses, err
	}
	c.BatchSize, c.Device = min(c.BatchSize, layersBatch), r.device
	c.Report = r.console.scoring(pair, 2*c.Views)
	layers := l.layers
	if len(layers) == 0 {
		layers = append(models.DepthLayers(f), mem.FeaturesLayer)
	}
	points := mem.NewScores(r.members(), nil).Index
	return c.Layers(ctx, f, g, r.data, points, mem.LayerOptions{Layers: layers, Maps: l.maps}, r.pairSeed(pair))
}

// units measures the units of one encoder behind its activations; what comes
// out of a batch norm is rectified as the ReLU behind it does.
func (l *layerJob) units(ctx context.Context, points []int) (*mem.UnitTable, error) {
	r := l.run
	e, err := r.loadEncoder(r.encoderPath(l.encoder))
	if err != nil {
		return nil, err
	}
	defer nn.Free(e)
	c := mem.UnitScorer{
		Views: unitViews, Seed: r.scoreSeed(l.at), Layers: models.UnitLayers(e), Negatives: mem.RectifyNegatives,
		BatchSize: layersBatch, Device: r.device, Report: r.console.scoring(l.at, unitViews),
	}
	if c.Augment, err = r.fittedViews(); err != nil {
		return nil, err
	}
	return c.Points(ctx, e, r.data, points)
}

// spread returns up to n of the images, evenly spread.
func spread(images []int, n int) []int {
	some := evenly(len(images), n)
	for k, at := range some {
		some[k] = images[at]
	}
	return some
}
