package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/internal/config"
	"sslmem/mem"
)

// PairSettings are everything that the scores of two encoders depend on that were
// trained elsewhere, but for the sets of images, which are in splits.json. They are the
// config.toml of the folder of such scores.
type PairSettings struct {
	F         string          `toml:"f" json:"f"` // files of the encoders
	G         string          `toml:"g" json:"g"`
	Data      string          `toml:"data" json:"data"`
	ImageSize int             `toml:"image_size" json:"image_size"`
	MemoryMB  int             `toml:"memory_mb" json:"memory_mb"`
	Device    string          `toml:"device" json:"device"`
	Seed      uint64          `toml:"seed" json:"seed"` // of the views
	Encoder   EncoderSettings `toml:"encoder" json:"encoder"`
	Score     PairScore       `toml:"score" json:"score"`
}

// PairScore says how memorization is measured; see ScoreSettings.
type PairScore struct {
	Views         int               `toml:"views" json:"views"`
	Distance      mem.Distance      `toml:"distance" json:"distance"`
	Rule          mem.ViewRule      `toml:"rule" json:"rule"`
	Augment       string            `toml:"augment" json:"augment"` // "training", a name of package augment, or a file
	Size          int               `toml:"size" json:"size"`       // of a view in pixels; 0 takes that of the encoder or of the images
	Mean          []float32         `toml:"mean" json:"mean"`       // one a channel; empty takes those of the encoder or of the images
	Std           []float32         `toml:"std" json:"std"`
	Normalisation mem.Normalisation `toml:"normalisation" json:"normalisation"`
	Offset        mem.Offset        `toml:"offset" json:"offset"`
	BatchSize     int               `toml:"batch_size" json:"batch_size"`
}

// pairDefaults are the settings of the demo.
func pairDefaults() PairSettings {
	d := Defaults()
	return PairSettings{
		MemoryMB: d.MemoryMB, Device: d.Device,
		Score: PairScore{
			Views: d.Score.Views, Distance: d.Score.Distance, Rule: d.Score.Rule, Augment: d.Score.Augment, Mean: []float32{}, Std: []float32{},
			Normalisation: d.Score.Normalisation, Offset: d.Score.Offset, BatchSize: d.Score.BatchSize,
		},
	}
}

// put puts what the flags say over the settings: the file first, then --set, then the
// flags that stand for one setting.
func (s *PairSettings) put(c *cli.Context) error {
	if path := c.String("config"); path != "" {
		if err := config.Load(path, s); err != nil {
			return err
		}
	}
	for _, assignment := range c.StringSlice("set") {
		if err := s.set(assignment); err != nil {
			return err
		}
	}
	for name, to := range map[string]*string{"f": &s.F, "g": &s.G, "data": &s.Data, "device": &s.Device, "augment": &s.Score.Augment} {
		if c.IsSet(name) {
			*to = c.String(name)
		}
	}
	for name, to := range map[string]*int{"image-size": &s.ImageSize, "size": &s.Score.Size} {
		if c.IsSet(name) {
			*to = c.Int(name)
		}
	}
	if c.IsSet("seed") {
		s.Seed = c.Uint64("seed")
	}
	s.Encoder.put(c)
	if err := readChannels(c, &s.Score.Mean, &s.Score.Std); err != nil {
		return err
	}
	return s.check()
}

// set changes one setting, given as key=value with the keys of config.toml:
// score.views=32. The quotes of a text may be left out.
func (s *PairSettings) set(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	if !ok || strings.TrimSpace(key) == "" {
		return fmt.Errorf("--set %q is not of the form key=value, such as score.views=32", assignment)
	}
	err := config.Decode("--set", assignment, s)
	if err != nil && !strings.ContainsAny(value, `"'[{`) {
		if retry := config.Decode("--set", fmt.Sprintf("%s = %q", key, strings.TrimSpace(value)), s); retry == nil {
			return nil
		}
	}
	return err
}

// channelValues reads numbers with commas between them, one a channel.
func channelValues(text string) ([]float32, error) {
	var values []float32
	for field := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil {
			return nil, fmt.Errorf("%q is no number; give one a channel, such as 0.485,0.456,0.406", field)
		}
		values = append(values, float32(v))
	}
	return values, nil
}

// check returns an error that names the first setting that cannot be used.
func (s PairSettings) check() error {
	switch {
	case s.F == "" || s.G == "":
		return errors.New("scoring two encoders needs both: --f, which was trained with the candidates, and --g, which was not")
	case s.Data == "":
		return errors.New("say with --data which images the encoders were trained on, as the indices of the sets are places in it")
	case s.ImageSize < 0 || s.ImageSize > 4096:
		return fmt.Errorf("image_size is %d but must lie between 0 and 4096", s.ImageSize)
	case s.MemoryMB < 0 || s.MemoryMB > 1<<20:
		return fmt.Errorf("memory_mb is %d but must lie between 0 and %d", s.MemoryMB, 1<<20)
	case (len(s.Score.Mean) == 0) != (len(s.Score.Std) == 0):
		return errors.New("mean and std go together; give both or none")
	}
	if _, err := mem.ParseNormalisation(string(s.Score.Normalisation)); err != nil {
		return err
	}
	if _, err := mem.ParseOffset(string(s.Score.Offset)); err != nil {
		return err
	}
	return s.scorer().Check()
}

// scorer returns the Scorer of these settings, without views and device. Pairs of a run
// of the same seed have the same views of points.
func (s PairSettings) scorer() mem.Scorer {
	return mem.Scorer{
		Augment: Defaults().Recipe.Augment, Views: s.Score.Views, Seed: scoreSeed(s.pairSeed()),
		Distance: s.Score.Distance, Rule: s.Score.Rule, BatchSize: s.Score.BatchSize,
	}
}

func (s PairSettings) pairSeed() uint64 { return Settings{Seed: s.Seed}.pairSeed(0) }

// splitsBeside returns the file of splits that lies beside a config.toml of scores.
func splitsBeside(configFile string) string {
	return filepath.Join(filepath.Dir(configFile), rundir.SplitsFile)
}
