package main

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
)

// A comparison is one line of a result: the same work on both sides.
type comparison struct {
	What string `json:"what"`
	Unit string `json:"unit"`
	// Threads is how many one operation may use.
	Threads int `json:"threads"`
	// PerTurn is how often the work was done in one turn.
	PerTurn int `json:"per_turn"`
	// Ours and Theirs are seconds per turn; Theirs is empty where there is no
	// PyTorch for Python.
	Ours   []float64 `json:"ours_seconds"`
	Theirs []float64 `json:"pytorch_seconds,omitempty"`
	// OursPeak and TheirsPeak are the most bytes in memory at any time.
	OursPeak   int `json:"ours_peak_bytes,omitempty"`
	TheirsPeak int `json:"pytorch_peak_bytes,omitempty"`
}

// spread is the middle of some values and their quartiles.
type spread struct{ median, low, high float64 }

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	q := func(p float64) float64 { return stat.Quantile(p, stat.LinInterp, v, nil) }
	return spread{middle(v), q(.25), q(.75)}
}

// middle is the median of sorted values.
func middle(v []float64) float64 {
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// ratios returns how many times faster we were in each round.
func (c comparison) ratios() []float64 {
	r := make([]float64, len(c.Theirs))
	for i := range r {
		r[i] = c.Theirs[i] / c.Ours[i]
	}
	return r
}

// A match is the two sides of a comparison; theirs is nil where there is no
// PyTorch for Python.
type match struct{ ours, theirs *peer }

func (m match) stop() {
	m.ours.stop()
	m.theirs.stop()
}

// check has both sides do something n times and compares their answers.
func (m match) check(what string, n int, tolerance float64) error {
	a, err := m.ours.ask(what, n)
	if err != nil || m.theirs == nil {
		return err
	}
	b, err := m.theirs.ask(what, n)
	if err != nil {
		return err
	}
	if !agree(a, b, tolerance) {
		return fmt.Errorf("%s: sslmem finds %.9g, PyTorch %.9g; the two do not compute the same, so comparing their times would mean nothing", what, a, b)
	}
	return nil
}

// run measures what both sides take to do something, in turns of about the
// given length.
func (m match) run(what string, rounds int, turn time.Duration) (comparison, error) {
	c := comparison{PerTurn: 1}
	for {
		took, err := m.ours.time(what, c.PerTurn)
		if err != nil {
			return c, err
		}
		if took >= turn/2 {
			break
		}
		c.PerTurn = max(2*c.PerTurn, int(float64(c.PerTurn)*min(100, turn.Seconds()/took.Seconds())))
	}
	if m.theirs != nil {
		if _, err := m.theirs.ask(what, c.PerTurn); err != nil {
			return c, err
		}
	}
	ours := func() error { return m.ours.measure(what, c.PerTurn, &c.Ours) }
	theirs := func() error { return m.theirs.measure(what, c.PerTurn, &c.Theirs) }
	for round := range rounds {
		turns := []func() error{ours, theirs}
		if round%2 == 1 {
			turns = []func() error{theirs, ours}
		}
		for _, turn := range turns {
			if err := turn(); err != nil {
				return c, err
			}
		}
	}
	if err := m.ours.peak(&c.OursPeak); err != nil {
		return c, err
	}
	return c, m.theirs.peak(&c.TheirsPeak)
}

// measure appends the seconds of one turn; the nil peer does nothing.
func (p *peer) measure(what string, n int, seconds *[]float64) error {
	if p == nil {
		return nil
	}
	took, err := p.time(what, n)
	*seconds = append(*seconds, took.Seconds())
	return err
}

// peak stores the most bytes that the process has had in memory.
func (p *peer) peak(bytes *int) (err error) {
	if p != nil {
		*bytes, err = peak(p.cmd.Process.Pid)
	}
	return err
}
