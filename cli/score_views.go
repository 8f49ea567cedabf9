package cli

import (
	"fmt"

	"sslmem/data/augment"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/ssl"
)

// trainingViews stands for the augmentations of the training, by which memorization
// is defined, in the place of a name.
const trainingViews = "training"

// scoringViews returns the augmentations and the mask that points are scored with,
// for an encoder as e. Views of another name than the training's get its size and
// normalisation, which the encoder is used to.
func (r *run) scoringViews(e mem.Encoder) (augment.Recipe, augment.Mask, error) {
	views, err := r.fittedViews()
	if err != nil {
		return views, augment.Mask{}, err
	}
	if name := r.settings.Score.Augment; name != trainingViews {
		set, err := augment.LookupSet(name)
		if err != nil {
			return views, augment.Mask{}, err
		}
		fitted := views
		views = set.Views[0]
		views.Size, views.Mean, views.Std = fitted.Size, fitted.Mean, fitted.Std
	}
	mask := r.settings.Score.mask(r.settings.Recipe)
	if p, ok := e.(mem.PatchEncoder); ok && mask.Patch != 0 {
		mask.Patch = p.PatchSize()
	}
	return views, mask, nil
}

// mask returns the mask that points are scored with, in patches of no certain size:
// that of the named views, or the one that the training hides patches by, which is
// part of its augmentations.
func (s ScoreSettings) mask(r ssl.Recipe) augment.Mask {
	if s.Augment == trainingViews {
		ratio, _ := r.Options["mask_ratio"].(float64)
		if ratio == 0 {
			return augment.Mask{}
		}
		return augment.Mask{Patch: 1, Ratio: ratio}
	}
	set, err := augment.LookupSet(s.Augment)
	if err != nil {
		return augment.Mask{} // which checkViews tells
	}
	return set.Mask
}

// checkViews returns an error if the name of the views for scoring is none, or if
// they hide patches that a network by the recipe cannot do without.
func (s ScoreSettings) checkViews(r ssl.Recipe) error {
	if s.Augment != trainingViews {
		if _, err := augment.LookupSet(s.Augment); err != nil {
			return fmt.Errorf("score.augment: %w; %q takes those of the training", err, trainingViews)
		}
	}
	if s.mask(r) != (augment.Mask{}) && !models.TakesImageSize(r.Model) {
		return fmt.Errorf("score.augment is %s, which hides patches, and only a ViT can look at the others alone, not %s", s.Augment, r.Model)
	}
	return nil
}
