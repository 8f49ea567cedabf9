package cli

import (
	"fmt"
	"reflect"
	"strings"

	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/internal/config"
	"sslmem/mem"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
)

// Settings are everything that a run depends on, and the content of its
// config.toml.
type Settings struct {
	Data   string `toml:"data" json:"data"`     // "fashion-mnist", another name of sslmem data list, or a path
	Seed   uint64 `toml:"seed" json:"seed"`     // of the splits and, with the number of the repetition, of everything else
	Device string `toml:"device" json:"device"` // auto, cpu, cuda or cuda:N

	// Pair says that f/g pairs are trained, on the sets of the splits, and not
	// encoders of all images; Seeds, how often that is done, each time with
	// another seed. The scores of several pairs are averaged.
	Pair  bool `toml:"pair" json:"pair"`
	Seeds int  `toml:"seeds" json:"seeds"`
	// Pairs, where a file has it, stands for Pair and for Seeds of this number.
	Pairs *int  `toml:"pairs" json:"-"`
	Share Share `toml:"share" json:"share"`

	// Threads is the number of threads of one encoder on the CPU; as many
	// encoders are trained at once as the cores allow. 0 gives all cores to one
	// encoder, which is faster for large networks only.
	Threads int `toml:"threads" json:"threads"`

	// Deterministic makes a training on a GPU give the same bits each time, at the cost
	// of speed; on a CPU it does anyway.
	Deterministic bool `toml:"deterministic" json:"deterministic"`
	// StopOnCollapse ends a run whose encoder has collapsed, in the place of a warning.
	StopOnCollapse bool `toml:"stop_on_collapse" json:"stop_on_collapse"`

	// KeepHeads keeps what was trained on top of each encoder too, its projector or
	// classifier, which attacks can look at.
	KeepHeads bool `toml:"keep_heads" json:"keep_heads"`

	// ImageSize is the side of the images: their shorter side is resized to it and
	// the middle is taken. 0 leaves them as they are, all of one size.
	ImageSize int `toml:"image_size" json:"image_size"`

	// MemoryMB is up to how many MB of pixels, all images together, are decoded
	// into memory. More than that are decoded each time they are needed, which
	// changes no view; but a normalisation that is left open is then taken from
	// 2,048 images, evenly spread, instead of from all.
	MemoryMB int `toml:"memory_mb" json:"memory_mb"`

	Splits data.SplitSizes `toml:"splits" json:"splits"`
	Recipe ssl.Recipe      `toml:"recipe" json:"recipe"`
	Score  ScoreSettings   `toml:"score" json:"score"`
	Live   LiveSettings    `toml:"live" json:"live"`
}

// Share says what f and g of a pair have in common. What they do, their losses
// have in common too, and it cancels in L_g − L_f.
type Share struct {
	Init  bool `toml:"init" json:"init"`   // weights at the start
	Order bool `toml:"order" json:"order"` // order of the images: S_I stands in f's places of S_C
	Views bool `toml:"views" json:"views"` // augmentations of the images that both see
}

// seeds are those of g; those of f are all 0.
func (s Share) seeds() (g ssl.Seeds) {
	if !s.Init {
		g.Init = 1
	}
	if !s.Order {
		g.Order = 1
	}
	if !s.Views {
		g.Views = 1
	}
	return g
}

// ScoreSettings say how memorization is measured.
type ScoreSettings struct {
	Views         int               `toml:"views" json:"views"` // of each image
	Distance      mem.Distance      `toml:"distance" json:"distance"`
	Rule          mem.ViewRule      `toml:"rule" json:"rule"`       // which pairs of views
	Augment       string            `toml:"augment" json:"augment"` // "training", or a name of package augment
	Normalisation mem.Normalisation `toml:"normalisation" json:"normalisation"`
	Offset        mem.Offset        `toml:"offset" json:"offset"`         // taken from all scores of the summary
	BatchSize     int               `toml:"batch_size" json:"batch_size"` // views per forward pass

	// CurvePoints is the number of epochs, spread over the training, at which
	// the score is also measured, with CurveViews views; 0 for none.
	CurvePoints int `toml:"curve_points" json:"curve_points"`
	CurveViews  int `toml:"curve_views" json:"curve_views"`
}

// Defaults returns the settings of the demo: several small, quickly trained
// pairs of encoders on the carried images.
func Defaults() Settings {
	demo, err := recipes.Lookup("simclr-demo")
	if err != nil {
		panic(err) // the recipe is part of the program
	}
	s := Settings{
		Pair: true, Seeds: 3, Share: Share{Init: true, Order: true, Views: true},
		Device: "auto", MemoryMB: 4096, KeepHeads: true,
		Score: ScoreSettings{
			Views: 16, Distance: mem.L2, Rule: mem.AllViewPairs, Augment: trainingViews, Normalisation: mem.Raw, Offset: mem.NoOffset, BatchSize: 512,
			CurvePoints: 5, CurveViews: 4,
		},
		Live: LiveSettings{Images: 1000, Bank: 5000, K: 20, Temperature: .07},
	}
	s.use(demo)
	return s
}

// TrainDefaults returns the settings that train starts from: those of the demo for
// one encoder.
func TrainDefaults() Settings {
	s := Defaults()
	s.Pair, s.Seeds, s.Live.Every = false, 1, 10
	return s
}

// Check returns an error that names the first setting that cannot be used.
func (s Settings) Check() error {
	switch {
	case s.Seeds < 1 || s.Seeds > 1000:
		return fmt.Errorf("seeds, the number of pairs or encoders, is %d but must lie between 1 and 1000", s.Seeds)
	case s.ImageSize < 0 || s.ImageSize > 4096:
		return fmt.Errorf("image_size is %d but must lie between 0 and 4096", s.ImageSize)
	case s.MemoryMB < 0 || s.MemoryMB > 1<<20:
		return fmt.Errorf("memory_mb is %d but must lie between 0 and %d", s.MemoryMB, 1<<20)
	case s.Threads < 0 || s.Threads > 1024:
		return fmt.Errorf("threads is %d but must lie between 0 and 1024", s.Threads)
	}
	if _, err := mem.ParseNormalisation(string(s.Score.Normalisation)); err != nil {
		return err
	}
	if err := s.Recipe.Check(); err != nil {
		return err
	}
	if err := s.Live.check(); err != nil {
		return err
	}
	switch {
	case !s.Pair:
		return nil // the rest is about scores
	case s.Score.CurvePoints < 0 || s.Score.CurvePoints > s.Recipe.Epochs:
		return fmt.Errorf("score.curve_points is %d but must lie between 0 and recipe.epochs (%d)", s.Score.CurvePoints, s.Recipe.Epochs)
	case s.Score.CurvePoints > 0 && s.Score.CurveViews < 2:
		return fmt.Errorf("score.curve_views is %d but must be at least 2", s.Score.CurveViews)
	}
	if err := s.Score.checkViews(s.Recipe); err != nil {
		return err
	}
	scorer := s.Score.scorer(s.Recipe, s.Seed)
	if err := scorer.Check(); err != nil || s.Score.CurvePoints == 0 {
		return err
	}
	scorer.Views = s.Score.CurveViews
	return scorer.Check()
}

// use takes the data and the training of a recipe, and the splits and the threads
// that suit them.
func (s *Settings) use(e recipes.Entry) {
	s.Data, s.Recipe, s.Splits = e.Data, e.Recipe, e.Splits()
	s.Threads = 0
	if e.Size() == "demo" {
		s.Threads = 1
	}
}

// fit opens the views of the demo for images of another kind: its normalisation
// is that of one grey data set, and so colour images are normalised by their own
// mean and deviation, in their own size.
func (s *Settings) fit(channels int) {
	if views := &s.Recipe.Augment; channels != 1 && reflect.DeepEqual(*views, Defaults().Recipe.Augment) {
		views.Size, views.Mean, views.Std = 0, []float32{}, []float32{} // not nil, which config.toml would not have
	}
}

// pairSeed is the seed of both encoders of a pair, or of the encoder of that number.
func (s Settings) pairSeed(pair int) uint64 {
	return rng.Sub(s.Seed, rng.Word("pair"), uint64(pair))
}

// scorer returns the Scorer of these settings, without device and report.
func (s ScoreSettings) scorer(r ssl.Recipe, seed uint64) mem.Scorer {
	return mem.Scorer{
		Augment: r.Augment, Mask: s.mask(r), Views: s.Views, Seed: seed,
		Distance: s.Distance, Rule: s.Rule, BatchSize: s.BatchSize,
	}
}

// set changes one setting, given as key=value with the keys of config.toml:
// recipe.epochs=20. Values are TOML; the quotes of a text may be left out.
func (s *Settings) set(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok || key == "" {
		return fmt.Errorf("--set %q is not of the form key=value, such as recipe.epochs=20", assignment)
	}
	const name = "--set"
	err := s.decode(name, key+" = "+value)
	if err != nil && !strings.ContainsAny(value, `"'[{`) {
		if retry := s.decode(name, fmt.Sprintf("%s = %q", key, value)); retry == nil || isName(key) {
			return retry
		}
	}
	return err
}

// isName reports whether a key's value is a text, so that the mistake is not that
// it lacks its quotes.
func isName(key string) bool { return key == "recipe.method" || key == "recipe.augment_set" }

// load is decode of the file at path.
func (s *Settings) load(path string) error {
	text, err := config.Read(path)
	if err != nil {
		return err
	}
	return s.decode(path, text)
}

// decode puts the settings that a text in TOML names in the place of those that s has.
func (s *Settings) decode(name, text string) error {
	if err := recipes.Decode(name, text, s, &s.Recipe); err != nil {
		return err
	}
	if s.Pairs != nil {
		s.Pair, s.Seeds, s.Pairs = true, *s.Pairs, nil
	}
	return nil
}
