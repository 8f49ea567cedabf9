package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/views"
	"sslmem/encoders"
)

// plainViews say how whole images come to an encoder. What is open, the encoder's file
// says, or the training images do.
type plainViews struct {
	size      int
	mean, std []float32
}

// plainFlags are those of the commands that look at whole images.
func plainFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "size", Usage: "side `N` of what the encoder sees of an image, in pixels"},
		&cli.StringFlag{Name: "mean", Usage: "`M,M,M` that images are normalised by, with --std"},
		&cli.StringFlag{Name: "std", Usage: "`S,S,S` that images are normalised by, with --mean"},
	}
}

// readPlainViews reads the flags.
func readPlainViews(c *cli.Context) (p plainViews, err error) {
	p.size = c.Int("size")
	if err := readChannels(c, &p.mean, &p.std); err != nil {
		return p, err
	}
	if p.size < 0 {
		return p, fmt.Errorf("--size is %d but must be at least 1", p.size)
	}
	return p, nil
}

// readChannels reads the flags mean and std, where they are set.
func readChannels(c *cli.Context, mean, std *[]float32) error {
	for name, to := range map[string]*[]float32{"mean": mean, "std": std} {
		if c.IsSet(name) {
			values, err := channelValues(c.String(name))
			if err != nil {
				return fmt.Errorf("--%s: %w", name, err)
			}
			*to = values
		}
	}
	if len(*mean) != len(*std) {
		return errors.New("mean and std go together; give both or none, with as many values")
	}
	return nil
}

// of returns the views of an encoder: of the size and normalisation that it was trained
// with, or, if its file does not say, of the images' size, or a ViT's, and normalised by
// the training images.
func (p plainViews) of(e *encoders.Encoder, train data.Images) (augment.Recipe, error) {
	if err := checkChannels(e, train); err != nil {
		return e.Views, err
	}
	r := e.Views
	if r.Size == 0 {
		r = augment.Recipe{Name: "whole", Size: e.Config.ImageSize}
	}
	if p.size > 0 {
		r.Size = p.size
	}
	if len(p.mean) > 0 {
		r.Mean, r.Std = p.mean, p.std
	}
	if channels, _, _ := train.Shape(); len(r.Mean) != 0 && len(r.Mean) != channels {
		return r, usageError{fmt.Errorf("mean and std have %d values, but the images have %d channels", len(r.Mean), channels)}
	}
	return views.Fit(r, train)
}

// checkChannels returns an error if an encoder does not take the images, as far as that
// is known before it is tried.
func checkChannels(e *encoders.Encoder, images data.Images) error {
	channels, _, _ := images.Shape()
	if takes := e.Config.InChannels; takes != 0 && takes != channels {
		name, _ := images.Title()
		return fmt.Errorf("the encoder takes images of %d channels, but those of %s have %d", takes, name, channels)
	}
	return nil
}
