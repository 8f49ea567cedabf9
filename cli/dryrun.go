package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/torch"
)

// A forecast is what a run would do, without doing it.
type forecast struct {
	Settings Settings `json:"settings"`
	Data     string   `json:"data"`
	Device   string   `json:"device"`
	Encoders int      `json:"encoders"` // trained in all
	AtOnce   int      `json:"at_once"`  // at the same time
	Each     estimate `json:"each"`
	Seconds  float64  `json:"seconds"`      // of all trainings
	Memory   int64    `json:"memory_bytes"` // of the process, or on the GPU, at most
	Run      string   `json:"run"`          // the folder that it would be in

	// Privacy is what each encoder's training would spend, empty for a recipe without
	// privacy.
	Privacy string `json:"privacy,omitempty"`
}

// dryRun tells what a run by the flags would do and writes nothing.
func dryRun(c *cli.Context, kind string, s Settings) error {
	r, err := prepareRun(s, newConsole(c.App.ErrWriter, c.Bool("json")))
	if err != nil {
		return err
	}
	f, err := r.forecast(c.Context, kind, c.String("out"), c.Bool("overwrite"))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, f)
	}
	return f.print(c.App.Writer)
}

func (r *run) forecast(ctx context.Context, kind, out string, overwrite bool) (f forecast, err error) {
	f = forecast{Settings: r.settings, Data: r.name, Device: r.device.String(), Run: out}
	if out == "" {
		f.Run, err = rundir.Next("runs", kind)
	} else {
		err = rundir.Check(out, overwrite)
	}
	if err != nil {
		return f, err
	}
	if f.Settings.Recipe, err = r.fitted(); err != nil {
		return f, err
	}
	if f.Settings.Recipe, err = f.Settings.Recipe.Complete(); err != nil {
		return f, err
	}
	base := processMemory("VmRSS:")
	if r.device.Type == torch.CUDAType {
		base = 0
	}
	if f.Each, err = r.estimate(ctx, r.trainingImages(r.roles()[0])); err != nil {
		return f, err
	}
	if f.Settings.Recipe.Privacy != nil {
		g, err := f.Settings.Recipe.Guarantee(f.Each.Images)
		if err != nil {
			return f, err
		}
		f.Privacy = g.String()
	}
	f.Encoders = r.settings.Seeds * len(r.roles())
	f.AtOnce = min(r.encodersAtOnce(), f.Encoders)
	f.Seconds = f.Each.SecondsPerStep * float64(f.Each.Steps) * float64((f.Encoders+f.AtOnce-1)/f.AtOnce)
	if f.Each.Memory > 0 {
		f.Memory = base + int64(f.AtOnce)*f.Each.Memory
	}
	return f, nil
}

func (f forecast) print(w io.Writer) error {
	enc := toml.NewEncoder(w)
	enc.Indent = ""
	if err := enc.Encode(f.Settings); err != nil {
		return err
	}
	e := f.Each
	fmt.Fprintln(w)
	fmt.Fprintf(w, "parameters  %s of the encoder, %s of the heads, %s that are not trained; %d features\n", count(e.Encoder), count(e.Heads), count(e.Others), e.Features)
	fmt.Fprintf(w, "images      %s of %s\n", count(e.Images), f.Data)
	fmt.Fprintf(w, "steps       %s an epoch, %s an encoder\n", count(e.StepsPerEpoch), count(e.Steps))
	fmt.Fprintf(w, "encoders    %d, %d at once on %s\n", f.Encoders, f.AtOnce, f.Device)
	memory := "not known on this system"
	if f.Memory > 0 {
		memory = fmt.Sprintf("about %.2f GB", float64(f.Memory)/1e9)
	}
	fmt.Fprintf(w, "memory      %s\n", memory)
	fmt.Fprintf(w, "time        about %s for the training, %.3g s a step (%s)\n", roughly(f.Seconds), e.SecondsPerStep, measured(e, f.Settings.Recipe.BatchSize))
	if f.Privacy != "" {
		fmt.Fprintf(w, "privacy     %s\n", f.Privacy)
	}
	_, err := fmt.Fprintf(w, "run         %s (nothing was written)\n", f.Run)
	return err
}

// measured says what an estimate rests on.
func measured(e estimate, batch int) string {
	if e.Measured == batch {
		return "two steps were timed"
	}
	return fmt.Sprintf("from two steps on %d of %d images", e.Measured, batch)
}

// count writes a number with a comma before every three digits.
func count(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// roughly writes a time that is not known better than to two digits.
func roughly(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
