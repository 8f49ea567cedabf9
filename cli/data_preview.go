package cli

import (
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/plots"
)

// The preview shows this many images, each with this many views of every epoch.
const (
	previewImages = 8
	previewViews  = 2
	previewEpochs = 4
)

func dataPreviewCommand() *cli.Command {
	return &cli.Command{
		Name:      "preview",
		Usage:     "draw images and their augmented views as the trainer sees them",
		ArgsUsage: takesData,
		Description: `Draws eight images, evenly spread over the training set, each with the two views
of the first four epochs that the first f/g pair of a run with this seed sees.

   sslmem data preview --augment strong --out strong.png cifar10`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "augment", Usage: "recipe `NAME` of the views, such as simclr-cifar (default: that of sslmem train)"},
			&cli.IntFlag{Name: "size", Usage: "side `N` of the images before the views are drawn, as image_size of a run"},
			&cli.Uint64Flag{Name: "seed", Usage: "seed `N` of the run"},
			&cli.StringFlag{Name: "out", Value: "preview.png", Usage: "`FILE` to draw, .png or .svg"},
		},
		Action: func(c *cli.Context) error {
			s := Defaults()
			s.Data, s.Seed, s.ImageSize = c.Args().First(), c.Uint64("seed"), c.Int("size")
			d, err := openData(s.Data, s.ImageSize)
			if err != nil {
				return err
			}
			if name := c.String("augment"); name != "" {
				if s.Recipe.Augment, err = augment.Lookup(name); err != nil {
					return usageError{err}
				}
			}
			s.fit(d)
			figure, err := previewFigure(d, s)
			if err != nil {
				return err
			}
			if err := figure.Save(c.String("out")); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.App.Writer, filepath.Clean(c.String("out")))
			return err
		},
	}
}

// previewFigure draws images, evenly spread, and their views.
func previewFigure(d *data.Dataset, s Settings) (*plots.Figure, error) {
	r := s.Recipe.Augment.Fit(d)
	n := min(previewImages, d.Len())
	index := make([]int, n)
	sheet := plots.Sheet{N: d.Len(), Frame: plots.Frame{
		Title: "Images of " + d.Name + " and views of them", Seeds: []uint64{s.Seed}, Column: plots.Double,
		Settings: fmt.Sprintf("views %q of %d×%d pixels", r.Name, r.Size, r.Size),
	}}
	for k := range index {
		i := k * d.Len() / n
		index[k] = i
		title := fmt.Sprintf("image %d", i)
		if class := d.ClassName(i); class != "" {
			title += ", " + class
		}
		sheet.Rows = append(sheet.Rows, plots.SheetRow{Title: title, Tiles: []plots.Tile{
			{Pixels: d.Image(i), C: d.C, H: d.H, W: d.W, Label: "as it is"},
		}})
	}
	size := d.C * r.Size * r.Size
	views := make([]float32, n*size)
	for epoch := range previewEpochs {
		for view := range previewViews {
			key := augment.Key{Seed: rng.Sub(s.pairSeed(0), rng.Word("views")), Epoch: epoch, View: view}
			if err := r.Batch(views, d, index, key, 0); err != nil {
				return nil, err
			}
			for k := range index {
				sheet.Rows[k].Tiles = append(sheet.Rows[k].Tiles, plots.Tile{
					Pixels: toBytes(views[k*size:(k+1)*size], r), C: d.C, H: r.Size, W: r.Size, Label: fmt.Sprintf("epoch %d, %c", epoch+1, 'a'+view),
				})
			}
		}
	}
	return sheet.Figure()
}

// toBytes undoes the normalisation of a view, [C, Size, Size].
func toBytes(view []float32, r augment.Recipe) []uint8 {
	out := make([]uint8, len(view))
	area := r.Size * r.Size
	for i, v := range view {
		if len(r.Mean) > 0 {
			c := i / area
			v = v*r.Std[c] + r.Mean[c]
		}
		out[i] = uint8(max(0, min(255, v*255+.5)))
	}
	return out
}
