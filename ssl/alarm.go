package ssl

import (
	"errors"
	"fmt"
	"math"
)

// ErrCollapsed is wrapped by the error of a run that ended because its networks
// had collapsed; see Loop.StopOnCollapse.
var ErrCollapsed = errors.New("the networks have collapsed")

// Bounds of the alarm.
const (
	// collapsedSpread is the part of an even spread below which all outputs count as
	// one. In the published run that collapses it is 0, in the one that does not near
	// 1 (Chen and He 2020, figure 2).
	collapsedSpread = .1
	// fallen is the part of its highest value so far below which a spread or a rank
	// counts as falling.
	fallen = .5
	// lowRank is a rank of features that is too low if it has fallen there.
	lowRank = 4
	// noRank is a rank of features that tells nothing, whatever it was before.
	noRank = 1.5
)

// A Collapse says how a method shows that its networks have collapsed onto outputs
// that are the same for all images.
type Collapse struct {
	// Loss is that of networks which have collapsed, and Within is how near to it
	// tells one.
	Loss, Within float64
	// Minimum says that Loss is also the least there is, so that it tells a collapse
	// only where the spread of the output is falling.
	Minimum bool
	// AlikeAtStart says that outputs are nearly the same at the start of every training,
	// so that their spread tells nothing before the warm-up is over.
	AlikeAtStart bool
	// Meaning says what Loss is, such as "ln K, that of outputs which are all alike".
	Meaning string
	// Advice says what to change, as a clause.
	Advice string
}

// A Collapser knows how its method collapses. It is optional for a [Trainer].
type Collapser interface{ Collapse() Collapse }

// alarm tells of a collapse. It knows the highest values so far; 0 is none.
type alarm struct {
	Spread float64 `json:"spread"`
	Rank   float64 `json:"rank"`
	// Raised is the number of epochs in a row that ended with a sign of a collapse.
	Raised int `json:"raised"`
}

// raise counts an epoch with some signs and reports whether to tell of them: after the
// first in a row and whenever the row has doubled, so that a log does not fill up.
func (a *alarm) raise(signs int) bool {
	if signs == 0 {
		a.Raised = 0
		return false
	}
	a.Raised++
	return a.Raised&(a.Raised-1) == 0
}

// epoch returns a sentence for each sign of a collapse at the end of an epoch, which
// may be in the warm-up. Rank is the effective rank of features of the given width; 0
// if it was not measured.
func (a *alarm) epoch(p Progress, warmup bool, t Trainer, rank float64, width int) []string {
	c := Collapse{Loss: math.NaN(), Advice: "lower optimizer.lr, or warm up for longer (optimizer.warmup_epochs)"}
	if known, ok := t.(Collapser); ok {
		c = known.Collapse()
	}
	var signs []string
	say := func(format string, args ...any) {
		signs = append(signs, fmt.Sprintf("epoch %d: %s; %s", p.Epoch, fmt.Sprintf(format, args...), c.Advice))
	}
	if p.Spread < collapsedSpread*p.EvenSpread() && !(warmup && c.AlikeAtStart) {
		say("the outputs of all images are nearly the same: their spread is %.2g, where %.2g would be even", p.Spread, p.EvenSpread())
	}
	near := math.Abs(p.Loss-c.Loss) <= c.Within
	switch {
	case near && !c.Minimum:
		say("the loss is %.5g, within %g of %s", p.Loss, c.Within, c.Meaning)
	case near && p.Spread < fallen*a.Spread:
		say("the loss is %.5g, within %g of %s, while the spread of the outputs has fallen from %.2g to %.2g", p.Loss, c.Within, c.Meaning, a.Spread, p.Spread)
	}
	if rank > 0 && (rank < noRank || rank < lowRank && rank < fallen*a.Rank) {
		say("the features have the effective rank %.1f of %d (the highest so far was %.1f), so images differ in little", rank, width, max(rank, a.Rank))
	}
	if !math.IsNaN(p.Spread) {
		a.Spread = max(a.Spread, p.Spread)
	}
	a.Rank = max(a.Rank, rank)
	return signs
}

// ObserveRank tells the alarm the effective rank of the encoder's features of the
// given width, such as eval.RankMe gives it. Call it from EpochEnd.
func (l *Loop) ObserveRank(rank float64, width int) { l.rank, l.rankWidth = rank, width }

// watch raises the alarm at the end of an epoch.
func (l *Loop) watch(st *state, p Progress) error {
	warmup := float64(p.Epoch-1) < l.Recipe.Optimizer.WarmupEpochs
	signs := st.alarm.epoch(p, warmup, st.Trainer, l.rank, l.rankWidth)
	l.rank, l.rankWidth = 0, 0
	if len(signs) > 0 && l.StopOnCollapse {
		return fmt.Errorf("%w: %s", ErrCollapsed, signs[0])
	}
	if !st.alarm.raise(len(signs)) {
		return nil
	}
	for _, sign := range signs {
		l.warn("the networks may have collapsed: " + sign)
	}
	return nil
}
