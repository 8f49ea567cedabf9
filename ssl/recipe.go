package ssl

import (
	"fmt"
	"maps"
	"slices"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/views"
	"sslmem/internal/config"
	"sslmem/models"
)

// A Recipe is everything about a training but the images, the seed and the
// device.
type Recipe struct {
	Method string `toml:"method" json:"method"` // one of MethodNames

	// The encoder; see models.Config.
	Model     string      `toml:"model" json:"model"` // one of models.Names
	Width     int         `toml:"width" json:"width"` // channels of the encoder's first stage; 0 means the published number
	Stem      models.Stem `toml:"stem" json:"stem"`   // of a ResNet-18 to 101
	PatchSize int         `toml:"patch_size" json:"patch_size"`
	Pool      models.Pool `toml:"pool" json:"pool"` // of a ViT
	// PosEmbed says what the position embedding of a ViT is.
	PosEmbed models.PosEmbed `toml:"pos_embed" json:"pos_embed"`
	// DropPath is the probability to drop a branch of the last block of a ViT for an
	// image in a step, falling to 0 at the first block (Huang et al. 2016, arXiv
	// 1603.09382). Teachers drop nothing.
	DropPath float64 `toml:"drop_path" json:"drop_path"`

	Epochs    int `toml:"epochs" json:"epochs"`
	BatchSize int `toml:"batch_size" json:"batch_size"` // images per step, each in all its views
	// Accumulate is the number of parts in which a batch is computed, one after the
	// other, to fit into memory; 0 and 1 mean one. Batch norm sees one part at a time.
	Accumulate int `toml:"accumulate" json:"accumulate"`
	// Forward says whether the global views of a batch go through the networks
	// together, so that batch norm sees them as one batch, or one view after the other.
	Forward Forward `toml:"forward" json:"forward"`
	// Precision is the type that the forward pass computes in where that is safe:
	// "" or "fp32", "bf16" or, with a scaled loss, "fp16".
	Precision Precision `toml:"precision" json:"precision"`

	Optimizer Optimizer `toml:"optimizer" json:"optimizer"`

	// AugmentSet names the set of package augment that the augmentations were taken
	// from; see UseSet. Nothing is drawn by it.
	AugmentSet string         `toml:"augment_set" json:"augment_set"`
	Augment    augment.Recipe `toml:"augment" json:"augment"` // of the global views
	// Second is that of the second global view; nil if both are drawn alike.
	Second *augment.Recipe `toml:"augment_second" json:"augment_second,omitempty"`
	// LocalViews is the number of local views of each image, drawn by Local.
	LocalViews int             `toml:"local_views" json:"local_views"`
	Local      *augment.Recipe `toml:"augment_local" json:"augment_local,omitempty"`

	// Privacy makes the training differentially private; nil does not.
	Privacy *Privacy `toml:"privacy" json:"privacy,omitempty"`

	// Options are those that only the method has, as keys and values; see
	// Method.Options. What is not given has its published value.
	Options map[string]any `toml:"options" json:"options,omitempty"`
}

// Forward says how the views of a batch go through the networks.
type Forward string

// The values of a recipe's Forward; "" means Joint.
const (
	Joint Forward = "joint"
	Split Forward = "split"
)

// Precision is a type to compute in.
type Precision string

// The values of a recipe's Precision; "" means FP32.
const (
	FP32 Precision = "fp32"
	BF16 Precision = "bf16"
	FP16 Precision = "fp16"
)

// UseSet takes the augmentations of the given name, see [augment.LookupSet].
func (r *Recipe) UseSet(name string) error {
	set, err := augment.LookupSet(name)
	if err != nil {
		return err
	}
	r.AugmentSet, r.Augment, r.Second, r.Local, r.LocalViews = name, set.Views[0], nil, nil, 0
	if len(set.Views) > 1 && !slices.EqualFunc(set.Views[:1], set.Views[1:2], equalRecipes) {
		r.Second = &set.Views[1]
	}
	if len(set.Views) > 2 {
		r.LocalViews, r.Local = len(set.Views)-2, &set.Views[2]
	}
	return nil
}

func equalRecipes(a, b augment.Recipe) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// Complete returns r with all options of its method written out. It changes
// nothing about the training.
func (r Recipe) Complete() (Recipe, error) {
	m, err := LookupMethod(r.Method)
	if err != nil {
		return r, err
	}
	o, err := m.decode(r.Options)
	if err != nil {
		return r, err
	}
	r.Options, err = config.Table(o)
	return r, err
}

// Fit returns r with what its augmentations leave open, size and normalisation,
// taken from the images.
func (r Recipe) Fit(images data.Images) (Recipe, error) {
	var err error
	if r.Augment, err = views.Fit(r.Augment, images); err != nil {
		return r, err
	}
	for _, other := range []**augment.Recipe{&r.Second, &r.Local} {
		if *other == nil {
			continue
		}
		fitted := **other
		if fitted.Size == 0 {
			fitted.Size = r.Augment.Size
		}
		if len(fitted.Mean) == 0 && len(fitted.Std) == 0 {
			fitted.Mean, fitted.Std = r.Augment.Mean, r.Augment.Std
		}
		*other = &fitted
	}
	return r, nil
}

// Views returns the recipes of the views of an image, the global ones first.
func (r Recipe) Views() []augment.Recipe {
	global := 2
	if m, err := LookupMethod(r.Method); err == nil {
		global = m.Views
	}
	all := views.Repeat(r.Augment, global)
	if r.Second != nil && global > 1 {
		all[1] = *r.Second
	}
	if r.Local != nil {
		all = append(all, views.Repeat(*r.Local, r.LocalViews)...)
	}
	return all
}

// ModelConfig describes the encoder for images with the given channels. That of
// a ViT needs the size of the views.
func (r Recipe) ModelConfig(channels int) models.Config {
	c := models.Config{Model: r.Model, Width: r.Width, InChannels: channels, Stem: r.Stem, PatchSize: r.PatchSize, Pool: r.Pool, PosEmbed: r.PosEmbed, DropPath: r.DropPath}
	if models.TakesImageSize(r.Model) {
		c.ImageSize = r.Augment.Size
	}
	return c
}

// Check returns an error that names the first field with a value that cannot
// be used.
func (r Recipe) Check() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("recipe: %s is %v but must be %s", field, value, want)
	}
	m, err := LookupMethod(r.Method)
	if err != nil {
		return err
	}
	switch {
	case r.Epochs < 1:
		return bad("epochs", r.Epochs, "at least 1")
	case r.BatchSize < 2:
		return bad("batch_size", r.BatchSize, "at least 2")
	case r.Accumulate < 0 || r.Accumulate > 1 && r.BatchSize%r.Accumulate != 0:
		return bad("accumulate", r.Accumulate, fmt.Sprintf("a divisor of batch_size (%d)", r.BatchSize))
	case r.Accumulate > 1 && m.Mixes != "":
		return fmt.Errorf("recipe: a batch of %s cannot be computed in parts (accumulate %d), because %s; lower batch_size, or use precision %q", m.Title, r.Accumulate, m.Mixes, BF16)
	case !slices.Contains([]Forward{"", Joint, Split}, r.Forward):
		return bad("forward", fmt.Sprintf("%q", r.Forward), `"joint" or "split"`)
	case !slices.Contains([]Precision{"", FP32, BF16, FP16}, r.Precision):
		return bad("precision", fmt.Sprintf("%q", r.Precision), `"fp32", "bf16" or "fp16"`)
	case r.LocalViews < 0 || r.LocalViews > 64:
		return bad("local_views", r.LocalViews, "between 0 and 64")
	case r.LocalViews > 0 && !m.Local:
		return fmt.Errorf("recipe: %s takes no local views; set local_views to 0", m.Title)
	case r.LocalViews > 0 && r.Local == nil:
		return fmt.Errorf("recipe: local_views is %d but augment_local does not say how they are drawn", r.LocalViews)
	case r.Second != nil && r.Second.Size != r.Augment.Size:
		return fmt.Errorf("recipe: the second view has %d pixels a side, the first %d; both must be alike", r.Second.Size, r.Augment.Size)
	}
	if err := r.Optimizer.check(r.Epochs); err != nil {
		return err
	}
	if err := r.checkPrivacy(m); err != nil {
		return err
	}
	if _, err := m.decode(r.Options); err != nil {
		return err
	}
	for _, a := range []*augment.Recipe{&r.Augment, r.Second, r.Local} {
		if a == nil {
			continue
		}
		if err := a.CheckOpen(); err != nil {
			return err
		}
	}
	return nil
}

// With returns r with one option of its method changed.
func (r Recipe) With(option string, value any) Recipe {
	r.Options = maps.Clone(r.Options)
	if r.Options == nil {
		r.Options = map[string]any{}
	}
	r.Options[option] = value
	return r
}
