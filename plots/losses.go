package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
)

// A Run is the training loss of one encoder.
type Run struct {
	Encoder string    // "f" or "g"
	Pair    int       // which f/g pair the encoder belongs to
	Loss    []float64 // mean over each epoch, from epoch 1 on
}

// A Losses figure shows the training loss of f and g against the epoch: one thin
// line per run and, where an encoder has several, a thick line for their mean
// over the epochs that all of them reached. If the curves of f and g differ,
// their difference of alignment is not about memorization alone. Encoder f has
// the colour of S_C, which only f saw, and g that of S_I.
type Losses struct {
	Frame
	Runs   []Run
	YLabel string // "NT-Xent loss (nats)" if empty
}

// Figure draws the losses. The error wraps ErrInput if there is no run, if a run
// is empty, holds NaN or an infinity, is of another encoder than f or g, or is
// there twice, or if the frame is not complete.
func (l Losses) Figure() (*Figure, error) {
	names := make([]string, len(l.Runs))
	losses := make([][]float64, len(l.Runs))
	epochs := 0
	pairs := map[int]bool{}
	for i, r := range l.Runs {
		names[i], losses[i] = fmt.Sprintf("%s of pair %d", r.Encoder, r.Pair), r.Loss
		if r.Encoder != "f" && r.Encoder != "g" {
			return nil, inputError("run %d is of encoder %q; encoders are f and g", i, r.Encoder)
		}
		if err := checkFinite("the loss of "+names[i], r.Loss); err != nil {
			return nil, err
		}
		epochs = max(epochs, len(r.Loss))
		pairs[r.Pair] = true
	}
	if err := checkNames("run", names); err != nil {
		return nil, err
	}
	if err := l.Frame.check(); err != nil {
		return nil, err
	}
	if l.YLabel == "" {
		l.YLabel = "NT-Xent loss (nats)"
	}

	p := newPlot("epoch", l.YLabel)
	p.X.Min, p.X.Max = 0, float64(epochs)
	p.Y.Min, p.Y.Max = extent(0.05, losses...)
	p.X.Tick.Marker = niceTicks{most: 7, whole: true}
	var key legend
	var over []layer // the means, drawn last
	for _, e := range []struct {
		encoder, saw, set string
		dashes            []vg.Length
	}{{"f", "S_S and S_C", Candidate, nil}, {"g", "S_S and S_I", Independent, []vg.Length{4, 1.5}}} {
		var own [][]float64
		for _, r := range l.Runs {
			if r.Encoder == e.encoder {
				own = append(own, r.Loss)
			}
		}
		if len(own) == 0 {
			continue
		}
		line := stroke(looks[e.set].color, thick, e.dashes...)
		text := fmt.Sprintf("%s, trained on %s", e.encoder, e.saw)
		if len(own) > 1 {
			text += fmt.Sprintf(" (mean of %d)", len(own))
			faint := looks[e.set].color
			faint.A = 0x80
			for _, loss := range own {
				p.Add(curve(epochsOf(loss), loss, stroke(faint, 0.5, e.dashes...)))
			}
		}
		mean := meanCurve(own)
		over = append(over, curve(epochsOf(mean), mean, line))
		key.entries = append(key.entries, entry{text: text, line: line})
	}
	for _, mean := range over {
		p.Add(mean)
	}
	return plotFigure(l.Frame, plural(len(pairs), "pair")+" of encoders", key, 140, p), nil
}

// epochsOf returns the epochs of a loss curve, counted from 1.
func epochsOf(loss []float64) []float64 {
	x := make([]float64, len(loss))
	for i := range x {
		x[i] = float64(i + 1)
	}
	return x
}

// meanCurve returns the mean of the curves over the length of the shortest.
func meanCurve(curves [][]float64) []float64 {
	shortest := math.MaxInt
	for _, c := range curves {
		shortest = min(shortest, len(c))
	}
	mean := make([]float64, shortest)
	for i := range mean {
		for _, c := range curves {
			mean[i] += c[i] / float64(len(curves))
		}
	}
	return mean
}
