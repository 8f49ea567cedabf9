package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/encoders"
	"sslmem/internal/config"
	"sslmem/mem"
	"sslmem/torch"
)

// takesRunOrPair marks the command whose argument is a run, or that has two encoders
// in its flags.
const takesRunOrPair = "RUN | --f FILE --g FILE"

// scoresPair reports whether score was called for two encoders that were trained
// elsewhere, and not for a run.
func scoresPair(c *cli.Context) bool { return c.IsSet("f") || c.IsSet("g") || c.IsSet("config") }

// pairFlags are those of score for two encoders.
func pairFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "f", Usage: "`FILE` of encoder f, which was trained with the candidates"},
		&cli.StringFlag{Name: "g", Usage: "`FILE` of encoder g, which was trained without them"},
		&cli.StringFlag{Name: "data", Usage: "`DATA` set that the indices are places in, as for train"},
		&cli.IntFlag{Name: "image-size", Usage: "side `N` to which images of many sizes are resized first"},
		&cli.StringFlag{Name: "split", Usage: "`FILE` with all four sets, as splits.json of a run"},
		&cli.StringFlag{Name: "shared", Usage: "`FILE` with the indices that f and g were trained on, S_S"},
		&cli.StringFlag{Name: "candidate", Usage: "`FILE` with those of f only, S_C"},
		&cli.StringFlag{Name: "independent", Usage: "`FILE` with those of g only, S_I"},
		&cli.StringFlag{Name: "external", Usage: "`FILE` with indices that neither was trained on, S_E"},
		&cli.StringFlag{Name: "augment", Usage: "`VIEWS` to score with: training (what the encoders' files say), a name such as simclr-cifar, or a TOML file"},
		&cli.IntFlag{Name: "size", Usage: "size `N` of the views in pixels"},
		&cli.StringFlag{Name: "mean", Usage: "`M,M,M` that views are normalised by, with --std"},
		&cli.StringFlag{Name: "std", Usage: "`S,S,S` that views are normalised by, with --mean"},
		&cli.Uint64Flag{Name: "seed", Usage: "seed `N` of the views"},
		&cli.StringSliceFlag{Name: "set", Usage: "change one setting, `KEY=VALUE` with the keys of config.toml, such as score.views=32"},
		&cli.StringFlag{Name: "config", Usage: "config.toml `FILE` of such a score to repeat or change; the sets are those beside it"},
		&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FOLDER` of the result (default: the next number in runs/)"},
		&cli.BoolFlag{Name: "overwrite", Usage: "replace the result that --out holds"},
	}, encoderFlags()...)
}

// anyPair is two encoders that were trained elsewhere, with what they are scored on.
type anyPair struct {
	settings PairSettings
	f, g     *encoders.Encoder
	images   data.Images
	sets     data.Splits
	views    viewsFile
	device   torch.Device
	notes    []string // on the views
	warnings []mem.Warning
}

// pairOutcome is what the command prints.
type pairOutcome struct {
	Run      string            `json:"run"`
	Settings PairSettings      `json:"settings"`
	F        *encoders.Encoder `json:"f"`
	G        *encoders.Encoder `json:"g"`
	Notes    []string          `json:"notes"`
	Summary  *mem.Summary      `json:"summary"`
	Files    []string          `json:"files"`
	Seconds  float64           `json:"seconds"`
	Memory   int64             `json:"peak_memory_bytes"`
	Next     string            `json:"next"`
	full     bool              // print all of the summary
}

// scoreAnyPair does the work of score for two encoders.
func scoreAnyPair(c *cli.Context) error {
	start := time.Now()
	s := pairDefaults()
	if err := s.put(c); err != nil {
		return usageError{err}
	}
	out := c.String("out")
	if out != "" {
		if err := rundir.Check(out, c.Bool("overwrite")); err != nil {
			return err
		}
	}
	p := &anyPair{settings: s}
	if err := p.open(c); err != nil {
		return err
	}
	defer p.f.Close()
	defer p.g.Close()
	console := newConsole(c.App.ErrWriter, c.Bool("json"))
	scores, err := p.score(c.Context, console)
	if err != nil {
		return err
	}
	summary, err := mem.SummarizeWith(scores, mem.SummaryOptions{Normalisation: s.Score.Normalisation, Offset: s.Score.Offset, Seed: s.Seed})
	if err != nil {
		return err
	}
	summary.Warnings = append(p.warnings, summary.Warnings...)
	var dir rundir.Dir
	if out == "" {
		dir, err = rundir.CreateNumbered("runs", "score")
	} else {
		dir, err = rundir.Create(out, c.Bool("overwrite"))
	}
	if err != nil {
		return err
	}
	if err := p.save(dir, scores, summary); err != nil {
		return err
	}
	o := pairOutcome{
		Run: string(dir), Settings: s, F: p.f, G: p.g, Notes: p.notes, Summary: summary, full: c.Bool("full"),
		Seconds: time.Since(start).Seconds(), Memory: peakMemory(),
		Next: fmt.Sprintf("%s score --config %s --set score.views=%d", program(), dir.Join(rundir.ConfigFile), 2*s.Score.Views),
	}
	for _, file := range []string{rundir.ScoresFile, rundir.SummaryFile, rundir.ConfigFile, rundir.SplitsFile, rundir.ViewsFile, rundir.AboutFile} {
		o.Files = append(o.Files, dir.Join(file))
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, o)
	}
	return o.print(c.App.Writer)
}

// open opens the encoders, the images and the sets, and finds what is wrong with them
// before anything is scored. After an error nothing is open.
func (p *anyPair) open(c *cli.Context) (err error) {
	if p.sets, err = readSets(c); err != nil {
		return err
	}
	r := &run{settings: TrainDefaults()}
	r.settings.Data, r.settings.ImageSize, r.settings.MemoryMB, r.settings.Threads = p.settings.Data, p.settings.ImageSize, p.settings.MemoryMB, 0
	if err := r.useDevice(p.settings.Device); err != nil {
		return err
	}
	p.device = r.device
	if p.f, err = encoders.Open(p.settings.F, p.settings.Encoder.options(p.device)); err != nil {
		return fmt.Errorf("f: %w", err)
	}
	if p.g, err = encoders.Open(p.settings.G, p.settings.Encoder.options(p.device)); err != nil {
		p.f.Close()
		return fmt.Errorf("g: %w", err)
	}
	defer func() {
		if err != nil {
			p.f.Close()
			p.g.Close()
		}
	}()
	r.settings.Recipe.Augment.Size = max(p.settings.Score.Size, p.f.Views.Size)
	if p.images, err = openImages(r.settings); err != nil {
		return err
	}
	if p.warnings, err = fitSets(&p.sets, p.images); err != nil {
		return err
	}
	for name, e := range map[string]*encoders.Encoder{"f": p.f, "g": p.g} {
		if err := checkChannels(e, p.images); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	var warnings []mem.Warning
	if p.views, p.notes, warnings, err = p.settings.pairViews(p.f, p.g, p.images); err != nil {
		return err
	}
	p.warnings = append(p.warnings, warnings...)
	warnings, err = p.compare(c.Context)
	p.warnings = append(p.warnings, warnings...)
	return err
}

// score measures the losses of all images of the sets.
func (p *anyPair) score(ctx context.Context, console *console) (*mem.Scores, error) {
	scores := mem.NewScores(members(p.sets), data.Labels(p.images))
	units := 2 * p.settings.Score.Views
	console.begin(units * scores.Len())
	defer console.end()
	scorer := p.settings.scorer()
	scorer.Augment, scorer.Mask, scorer.Device = p.views.Augment, p.views.Mask, p.device
	scorer.Report = console.scoring(0, units)
	loss, err := scorer.Pair(ctx, p.f.Network, p.g.Network, p.images, scores.Index, p.settings.pairSeed())
	if err != nil {
		return nil, err
	}
	return scores, scores.AddPair(loss)
}

// save writes everything that the scores were made of, and then the scores.
func (p *anyPair) save(dir rundir.Dir, scores *mem.Scores, summary *mem.Summary) error {
	for _, name := range []string{rundir.FiguresDir, rundir.CheckpointsDir} {
		if err := os.Remove(dir.Join(name)); err != nil { // empty; there is nothing to draw or to go on with
			return err
		}
	}
	if err := config.Save(dir.Join(rundir.ConfigFile), p.settings); err != nil {
		return err
	}
	if err := p.sets.Save(dir.Join(rundir.SplitsFile)); err != nil {
		return err
	}
	if err := config.Save(dir.Join(rundir.ViewsFile), p.views); err != nil {
		return err
	}
	about := map[string]aboutEncoder{}
	for name, e := range map[string]*encoders.Encoder{"f": p.f, "g": p.g} {
		sum, err := fileSum(e.Path)
		if err != nil {
			return err
		}
		about[name] = aboutEncoder{e, sum}
	}
	if err := rundir.WriteJSON(dir.Join(rundir.AboutFile), about); err != nil {
		return err
	}
	if err := rundir.WriteJSON(dir.Join(rundir.EnvironmentFile), rundir.Inspect(torch.Version(), p.device.String())); err != nil {
		return err
	}
	if err := scores.SaveCSV(dir.Join(rundir.ScoresFile)); err != nil {
		return err
	}
	return rundir.WriteJSON(dir.Join(rundir.SummaryFile), summary)
}

// aboutEncoder is what a folder of scores remembers of an encoder.
type aboutEncoder struct {
	*encoders.Encoder
	SHA256 string `json:"sha256"` // of the file
}

// fileSum returns the SHA-256 of a file in hexadecimal digits.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// print writes the outcome for a person.
func (o pairOutcome) print(w io.Writer) error {
	for _, e := range []struct {
		name string
		*encoders.Encoder
	}{{"f", o.F}, {"g", o.G}} {
		fmt.Fprintf(w, "%s  %s  %v\n", e.name, e.Path, e.Encoder)
		for _, note := range e.Notes {
			fmt.Fprintf(w, "   note: %s\n", note)
		}
	}
	for _, note := range o.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	fmt.Fprintln(w)
	return outcome{Summary: o.Summary, full: o.full, Seconds: o.Seconds, PeakMemory: o.Memory, Files: o.Files, Next: o.Next}.print(w, false)
}
