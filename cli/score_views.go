package cli

import (
	"fmt"

	"sslmem/data/augment"
	"sslmem/mem"
)

// trainingViews stands for the augmentations of the training, by which memorization
// is defined, in the place of a name.
const trainingViews = "training"

// scoringViews returns the augmentations and the mask that points are scored with,
// for an encoder as e. Views of another name than the training's get its size and
// normalisation, which the encoder is used to.
func (r *run) scoringViews(e mem.Encoder) (augment.Recipe, augment.Mask, error) {
	fitted, err := r.fittedViews()
	name := r.settings.Score.Augment
	if err != nil || name == trainingViews {
		return fitted, augment.Mask{}, err
	}
	set, err := augment.LookupSet(name)
	if err != nil {
		return fitted, augment.Mask{}, err
	}
	views := set.Views[0]
	views.Size, views.Mean, views.Std = fitted.Size, fitted.Mean, fitted.Std
	if p, ok := e.(mem.PatchEncoder); ok && set.Mask.Patch != 0 {
		set.Mask.Patch = p.PatchSize()
	}
	return views, set.Mask, nil
}

// checkViews returns an error if the name of the views for scoring is none.
func (s ScoreSettings) checkViews() error {
	if s.Augment == trainingViews {
		return nil
	}
	if _, err := augment.LookupSet(s.Augment); err != nil {
		return fmt.Errorf("score.augment: %w; %q takes those of the training", err, trainingViews)
	}
	return nil
}
