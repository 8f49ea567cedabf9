package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"sslmem/cli/rundir"
	"sslmem/mem"
)

// An outcome is what a command that works on a run prints at its end, in words
// or, with --json, as one JSON object.
type outcome struct {
	Run        string       `json:"run"`
	Settings   Settings     `json:"settings"`
	Summary    *mem.Summary `json:"summary,omitempty"`
	full       bool         // print all of the summary
	Live       []liveResult `json:"live,omitempty"` // the last evaluation of each encoder in training
	Files      []string     `json:"files"`
	Seconds    float64      `json:"seconds"`
	PeakMemory int64        `json:"peak_memory_bytes"` // resident, of the whole process
	Next       string       `json:"next"`              // command to try
}

// trainAll trains what is not trained yet.
func (r *run) trainAll(ctx context.Context) error {
	return r.withMetrics(func() error {
		return r.eachPair(ctx, r.trainPair)
	})
}

// experiment trains and scores pair by pair, so that a run that is stopped has
// whole pairs to show.
func (r *run) experiment(ctx context.Context) error {
	return r.withMetrics(func() error {
		return r.scorePairs(ctx, r.trainPair)
	})
}

// scoreAll scores the pairs that are not scored yet.
func (r *run) scoreAll(ctx context.Context) error {
	return r.scorePairs(ctx, func(context.Context, int) error { return nil })
}

// withMetrics runs fn with the metrics open.
func (r *run) withMetrics(fn func() error) (err error) {
	m, err := rundir.OpenLog(r.dir, metricColumns...)
	if err != nil {
		return err
	}
	r.metrics = &sharedMetrics{m: m}
	defer func() { err = errors.Join(err, m.Close()) }()
	return fn()
}

// scorePairs calls first for every pair and then scores it.
func (r *run) scorePairs(ctx context.Context, first func(ctx context.Context, pair int) error) error {
	t, err := r.openTables()
	if err != nil {
		return err
	}
	return r.eachPair(ctx, func(ctx context.Context, pair int) error {
		if err := first(ctx, pair); err != nil {
			return err
		}
		if err := r.score(ctx, t, pair); err != nil {
			return err
		}
		return r.curve(ctx, t, pair)
	})
}

// eachPair calls fn for every pair, several at a time where the cores allow.
// The first error ends the others, which save what they have.
func (r *run) eachPair(ctx context.Context, fn func(ctx context.Context, pair int) error) error {
	pairs := make(chan int)
	return together(ctx, r.pairsAtOnce()+1, func(ctx context.Context, worker int) error {
		if worker == 0 { // hands out the pairs in order
			defer close(pairs)
			for pair := range r.settings.Seeds {
				select {
				case pairs <- pair:
				case <-ctx.Done():
					return nil
				}
			}
			return nil
		}
		for pair := range pairs {
			if err := fn(ctx, pair); err != nil {
				return err
			}
		}
		return nil
	})
}

// summarize computes and saves the summary of the scores.
func (r *run) summarize(scores *mem.Scores) (*mem.Summary, error) {
	summary, err := mem.SummarizeWith(scores, mem.SummaryOptions{
		Normalisation: r.settings.Score.Normalisation, Offset: r.settings.Score.Offset, Seed: r.settings.Seed,
	})
	if err != nil {
		return nil, err
	}
	return summary, rundir.WriteJSON(r.dir.Join(rundir.SummaryFile), summary)
}

// draw makes the figures and the report from the files of the run and returns
// their paths.
func (r *run) draw() (*mem.Summary, []string, error) {
	path := r.dir.Join(rundir.ScoresFile)
	if !exists(path) {
		return nil, nil, fmt.Errorf("%s has no scores yet; measure them first: sslmem score %s", r.dir, r.dir)
	}
	scores, err := r.loadScores()
	if err != nil {
		return nil, nil, err
	}
	res := results{scores: scores}
	if res.summary, err = r.summarize(scores); err != nil {
		return nil, nil, err
	}
	if res.curve, err = loadCurve(r.dir.Join(rundir.CurveFile)); err != nil {
		return nil, nil, err
	}
	if exists(r.dir.Join(rundir.MetricsFile)) {
		if res.metrics, err = rundir.ReadMetrics(r.dir.Join(rundir.MetricsFile)); err != nil {
			return nil, nil, err
		}
	}
	figures, err := r.figures(res)
	if err != nil {
		return nil, nil, err
	}
	paths, err := r.saveFigures(figures)
	if err != nil {
		return nil, nil, err
	}
	report := r.dir.Join(rundir.ReportFile)
	if err := r.writeReport(report, res, figures); err != nil {
		return nil, nil, err
	}
	return res.summary, append([]string{report}, paths...), nil
}

// finish fills in what every outcome has.
func (r *run) finish(o outcome, start time.Time) outcome {
	o.Run, o.Settings = string(r.dir), r.settings
	o.Seconds = time.Since(start).Seconds()
	o.PeakMemory = peakMemory()
	return o
}

// peakMemory returns the largest resident size of the process so far.
func peakMemory() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss << 10
}

// print writes the outcome for a person, or as JSON.
func (o outcome) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, o)
	}
	if o.Summary != nil {
		write := o.Summary.WriteText
		if o.full {
			write = o.Summary.WriteFull
		}
		if err := write(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, l := range o.Live {
		fmt.Fprintf(w, "%s  epoch %d  %s\n", l.Encoder, l.Epoch, liveText(l.Values, 0))
	}
	fmt.Fprintf(w, "done in %s, %.2f GB resident at most\n", clock(time.Duration(o.Seconds*float64(time.Second))), float64(o.PeakMemory)/1e9)
	for i, f := range o.Files {
		label := "      "
		if i == 0 {
			label = "files:"
		}
		fmt.Fprintf(w, "%s %s\n", label, f)
	}
	if o.Next != "" {
		fmt.Fprintf(w, "next:  %s\n", o.Next)
	}
	return nil
}

// printJSON writes v for machines.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// missing returns the first encoder of the run that was not trained, or "".
func (r *run) missing() string {
	for pair := range r.settings.Seeds {
		for _, e := range r.roles() {
			if name := e.name(pair); !exists(r.encoderPath(name)) {
				return name
			}
		}
	}
	return ""
}
