package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"sslmem/ssl"
)

// A console tells a person how far a run is: one moving line on a terminal,
// a plain line every few seconds elsewhere. Work is counted in units of one
// view passing forward through an encoder, so that training and scoring add
// up and the end can be predicted.
//
// Several trainings may report at the same time.
type console struct {
	mu    sync.Mutex
	w     io.Writer // standard error
	bar   *progressbar.ProgressBar
	quiet bool

	total, done int // units, without those that an earlier run did
	start       time.Time
	printed     time.Time // zero before the first line
	text        string
	evaluated   map[string]string // the last live values of each encoder
}

// trainCost is what a view costs in training, compared with a forward pass.
const trainCost = 3

// newConsole writes to w, or nothing if quiet.
func newConsole(w io.Writer, quiet bool) *console { return &console{w: w, quiet: quiet} }

// begin starts the clock of a job of so many units.
func (c *console) begin(units int) {
	c.total, c.done, c.start = units, 0, time.Now()
	c.printed = time.Time{}
	if f, ok := c.w.(*os.File); ok && !c.quiet && term.IsTerminal(int(f.Fd())) {
		c.bar = progressbar.NewOptions64(int64(units),
			progressbar.OptionSetWriter(c.w),
			progressbar.OptionSetWidth(16),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionClearOnFinish())
	}
}

// end closes the moving line.
func (c *console) end() {
	if c.bar != nil {
		c.bar.Exit()
		fmt.Fprint(c.w, "\r\033[K")
		c.bar = nil
	}
}

// skip takes work off the job that an earlier run did.
func (c *console) skip(units int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total -= units
	if c.bar != nil && c.total > c.done {
		c.bar.ChangeMax(c.total)
	}
}

// step reports one step of a training.
func (c *console) step(name string, p ssl.Progress, units int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.EpochEnd {
		private := ""
		if !math.IsNaN(p.Epsilon) {
			private = fmt.Sprintf("ε %.3g  ", p.Epsilon)
		}
		c.text = fmt.Sprintf("%s  epoch %d/%d  loss %.3f  %s%s%s views/s  wait %.0f %%",
			name, p.Epoch, p.Epochs, p.Loss, private, c.evaluated[name], thousands(p.ViewsPerSecond), 100*p.Wait)
	}
	c.advance(units, p.EpochEnd)
}

// live reports an evaluation after an epoch.
func (c *console) live(name string, p ssl.Progress, text string, units int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = fmt.Sprintf("%s  epoch %d/%d  loss %.3f  %s", name, p.Epoch, p.Epochs, p.Loss, text)
	if c.evaluated == nil {
		c.evaluated = map[string]string{}
	}
	c.evaluated[name] = text + "  "
	c.printed = time.Time{} // it is worth a line
	c.advance(units, true)
}

// scoring returns the report of a scoring, whose points cost so many units each.
func (c *console) scoring(pair, units int) func(done, total int) {
	return c.images(fmt.Sprintf("pair %d  scoring", pair), units)
}

// images returns the report of a job on images, which cost so many units each.
func (c *console) images(what string, units int) func(done, total int) {
	before := 0
	return func(done, total int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.text = fmt.Sprintf("%s %d/%d images", what, done, total)
		c.advance((done-before)*units, true)
		before = done
	}
}

// advance counts units of work; telling says that there is something new to
// tell.
func (c *console) advance(units int, telling bool) {
	c.done += units
	if c.quiet {
		return
	}
	if c.bar != nil {
		c.bar.Describe(c.text)
		_ = c.bar.Set(min(c.done, c.total)) // a terminal that is gone is no reason to stop
		return
	}
	const every = 5 * time.Second
	if telling && time.Since(c.printed) >= every {
		c.printed = time.Now()
		fmt.Fprintf(c.w, "%s  %s  %.0f %%  eta %s\n", clock(time.Since(c.start)), c.text, 100*float64(c.done)/float64(max(c.total, 1)), clock(c.eta()))
	}
}

// eta predicts the time to the end from the pace so far.
func (c *console) eta() time.Duration {
	if c.done == 0 {
		return 0
	}
	return time.Duration(float64(time.Since(c.start)) * float64(max(0, c.total-c.done)) / float64(c.done))
}

// say writes a line that is not progress.
func (c *console) say(format string, args ...any) {
	if c.quiet {
		return
	}
	if c.bar != nil {
		fmt.Fprint(c.w, "\r\033[K")
	}
	fmt.Fprintf(c.w, format+"\n", args...)
}

// warn writes a warning, also when quiet.
func (c *console) warn(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		fmt.Fprint(c.w, "\r\033[K")
	}
	fmt.Fprintln(c.w, "warning:", text)
}

// clock formats a duration as m:ss.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// thousands formats a rate with a k where it is large.
func thousands(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.1fk", x/1000)
	}
	return fmt.Sprintf("%.0f", x)
}

// The units of the parts of a run.

func (r *run) stepUnits() int {
	return trainCost * len(r.settings.Recipe.Views()) * r.settings.Recipe.BatchSize
}

func (r *run) trainingUnits() int {
	l := r.loop(r.splits.F())
	return r.stepUnits()*l.StepsPerEpoch()*l.Recipe.Epochs + r.liveUnits(l.Recipe.Epochs)
}

func (r *run) scoringUnits() int {
	return 2 * r.settings.Score.Views * r.splits.Sizes().Total()
}

func (r *run) curveUnits() int {
	return 2 * r.settings.Score.CurvePoints * r.settings.Score.CurveViews * r.splits.Sizes().Total()
}
