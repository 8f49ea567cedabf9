package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/picture"
	"sslmem/data/views"
	"sslmem/plots"
	"sslmem/ssl"
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
			if name := c.String("augment"); name != "" {
				var err error
				if s.Recipe.Augment, err = augment.Lookup(name); err != nil {
					return usageError{err}
				}
			}
			d, err := openImages(s)
			if errors.Is(err, data.ErrSizes) {
				return fmt.Errorf("%w; in preview that is --size 96", err)
			}
			if err != nil {
				return err
			}
			channels, _, _ := d.Shape()
			s.fit(channels)
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
func previewFigure(d data.Images, s Settings) (*plots.Figure, error) {
	r, err := views.Fit(s.Recipe.Augment, d)
	if err != nil {
		return nil, err
	}
	name, _ := d.Title()
	c, _, _ := d.Shape()
	n := min(previewImages, d.Len())
	index := make([]int, n)
	sheet := plots.Sheet{N: d.Len(), Frame: plots.Frame{
		Title: "Images of " + name + " and views of them", Seeds: []uint64{s.Seed}, Column: plots.Double,
		Settings: fmt.Sprintf("views %q of %d×%d pixels", r.Name, r.Size, r.Size),
	}}
	for k := range index {
		i := k * d.Len() / n
		index[k] = i
		title := fmt.Sprintf("image %d", i)
		if class := data.ClassName(d, i); class != "" {
			title += ", " + class
		}
		var im picture.Image
		if err := d.Decode(i, &im); err != nil {
			return nil, err
		}
		sheet.Rows = append(sheet.Rows, plots.SheetRow{Title: title, Tiles: []plots.Tile{
			{Pixels: im.Pixels, C: im.C, H: im.H, W: im.W, Label: "as it is"},
		}})
	}
	m := views.Maker{Images: d, Views: views.Repeat(r, previewViews), Seed: ssl.ViewSeed(s.pairSeed(0)), Grouped: true, Batch: n}
	q := m.Start(previewEpochs, func(epoch int) ([]int, int) { return index, epoch })
	defer q.Stop()
	size := c * r.Size * r.Size
	for epoch := range previewEpochs {
		b, err := q.Next()
		if err != nil {
			return nil, err
		}
		for i := range n * previewViews {
			k, view := i/previewViews, i%previewViews
			sheet.Rows[k].Tiles = append(sheet.Rows[k].Tiles, plots.Tile{
				Pixels: toBytes(b.Pixels[i*size:(i+1)*size], c, r), C: c, H: r.Size, W: r.Size, Label: fmt.Sprintf("epoch %d, %c", epoch+1, 'a'+view),
			})
		}
		q.Recycle(b)
	}
	return sheet.Figure()
}

// toBytes undoes the normalisation of a view, [Size, Size, C], and brings the
// channels to the front.
func toBytes(view []float32, channels int, r augment.Recipe) []uint8 {
	out := make([]uint8, len(view))
	area := r.Size * r.Size
	for i, v := range view {
		c := i % channels
		if len(r.Mean) > 0 {
			v = v*r.Std[c] + r.Mean[c]
		}
		out[c*area+i/channels] = uint8(max(0, min(255, v*255+.5)))
	}
	return out
}
