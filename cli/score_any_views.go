package cli

import (
	"errors"
	"fmt"
	"os"
	"reflect"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/views"
	"sslmem/encoders"
	"sslmem/internal/config"
	"sslmem/mem"
)

// viewsFile is a file of views: what --augment takes, and what the folder of scores
// holds with nothing left open.
type viewsFile struct {
	Augment augment.Recipe `toml:"augment"`
	Mask    augment.Mask   `toml:"mask"`
}

// namedViews returns the views of a set that has a name, or those in a file.
func namedViews(name string) (viewsFile, error) {
	set, err := augment.LookupSet(name)
	if err == nil {
		return viewsFile{set.Views[0], set.Mask}, nil
	}
	if _, missing := os.Stat(name); missing != nil {
		return viewsFile{}, fmt.Errorf("augment: %w; or give a file, or %q for those that the encoders' files name", err, trainingViews)
	}
	var v viewsFile
	return v, config.Load(name, &v)
}

// pairViews returns the views that two encoders are scored with, with nothing left open
// but what the images say, notes on what was taken from where, and warnings.
func (s PairSettings) pairViews(f, g *encoders.Encoder, images data.Images) (v viewsFile, notes []string, warnings []mem.Warning, err error) {
	own, mask := f.Views, f.Mask // of the size and normalisation that the encoders are used to
	if own.Size == 0 {
		own, mask = g.Views, g.Mask
	}
	if s.Score.Augment == trainingViews {
		switch {
		case own.Size == 0:
			return v, nil, nil, usageError{errors.New("the files of the encoders do not say which views they were trained on; name them with --augment, such as simclr-cifar (sslmem recipes list), or in a file")}
		case f.Views.Size == 0 || g.Views.Size == 0:
			warnings = append(warnings, mem.Warning{Name: "views_of_one", Text: "Only the file of one encoder says which views it was trained on; both are scored with these."})
		case !sameViews(f.Views, g.Views) || f.Mask != g.Mask:
			warnings = append(warnings, mem.Warning{Name: "different_views", Text: "f and g were trained on different views; both are scored with those of f."})
		}
		v.Augment, v.Mask = own, mask
	} else if v, err = namedViews(s.Score.Augment); err != nil {
		return v, nil, nil, usageError{err}
	}
	r := &v.Augment
	switch {
	case s.Score.Size > 0:
		r.Size = s.Score.Size
	case own.Size > 0:
		r.Size = own.Size
	case f.Config.ImageSize > 0:
		r.Size = f.Config.ImageSize
		notes = append(notes, fmt.Sprintf("Views are of %d pixels, which the position embedding of f is for.", r.Size))
	}
	switch {
	case len(s.Score.Mean) > 0:
		r.Mean, r.Std = s.Score.Mean, s.Score.Std
	case own.Size > 0:
		r.Mean, r.Std = own.Mean, own.Std
	case len(r.Mean) == 0:
		notes = append(notes, "Views are normalised by mean and deviation of the data; if the encoders were trained with others, give them with --mean and --std.")
	}
	if channels, _, _ := images.Shape(); len(r.Mean) > 0 && len(r.Mean) != channels || len(r.Mean) != len(r.Std) {
		return v, nil, nil, usageError{fmt.Errorf("mean and std have %d and %d values, but the images have %d channels", len(r.Mean), len(r.Std), channels)}
	}
	if b, ok := f.Network.(mem.PatchEncoder); ok && v.Mask.Patch != 0 {
		v.Mask.Patch = b.PatchSize()
	}
	if *r, err = views.Fit(*r, images); err != nil {
		return v, nil, nil, err
	}
	return v, notes, warnings, nil
}

// sameViews reports whether two recipes differ in nothing but their name.
func sameViews(a, b augment.Recipe) bool {
	a.Name = b.Name
	return reflect.DeepEqual(a, b)
}
