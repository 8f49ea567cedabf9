package main

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
)

// A comparison is the same work on several sides.
type comparison struct {
	What string `json:"what"`
	Unit string `json:"unit"`
	// Threads is how many one operation may use.
	Threads int `json:"threads"`
	// PerTurn is how often the work was done in one turn.
	PerTurn int `json:"per_turn"`
	// Sides are sslmem, and then all that it is compared with.
	Sides []side `json:"sides"`
}

// A side is what one peer of a comparison took.
type side struct {
	Name string `json:"name"`
	// Seconds are per turn.
	Seconds []float64 `json:"seconds"`
	// Peak is the most bytes that its process had in memory at any time.
	Peak int `json:"peak_bytes,omitempty"`
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

// ratios returns how many times longer than sslmem side i took in each round.
func (c comparison) ratios(i int) []float64 {
	r := make([]float64, len(c.Sides[i].Seconds))
	for round := range r {
		r[round] = c.Sides[i].Seconds[round] / c.Sides[0].Seconds[round]
	}
	return r
}

// find returns the side of the given name, or nil.
func (c comparison) find(name string) *side {
	for i := range c.Sides {
		if c.Sides[i].Name == name {
			return &c.Sides[i]
		}
	}
	return nil
}

// A match is the peers of a comparison, sslmem first.
type match []*peer

func (m match) stop() {
	for _, p := range m {
		p.stop()
	}
}

// check has all sides do something n times and compares their answers.
func (m match) check(what string, n int, tolerance float64) error {
	var ours float64
	for i, p := range m {
		answer, err := p.ask(what, n)
		switch {
		case err != nil:
			return err
		case i == 0:
			ours = answer
		case !agree(ours, answer, tolerance):
			return fmt.Errorf("%s: %s finds %.9g, %s %.9g; they do not compute the same, so comparing their times would mean nothing",
				what, m[0].name, ours, p.name, answer)
		}
	}
	return nil
}

// run measures what all sides take to do something, in turns of about the
// given length.
func (m match) run(what string, rounds int, turn time.Duration) (comparison, error) {
	c := comparison{PerTurn: 1}
	for {
		took, err := m[0].time(what, c.PerTurn)
		if err != nil {
			return c, err
		}
		if took >= turn/2 {
			break
		}
		c.PerTurn = max(2*c.PerTurn, int(float64(c.PerTurn)*min(100, turn.Seconds()/took.Seconds())))
	}
	for _, p := range m {
		c.Sides = append(c.Sides, side{Name: p.name})
		if _, err := p.ask(what, c.PerTurn); err != nil {
			return c, err
		}
	}
	order := make([]int, len(m))
	for i := range order {
		order[i] = i
	}
	for range rounds {
		for _, i := range order {
			took, err := m[i].time(what, c.PerTurn)
			if err != nil {
				return c, err
			}
			c.Sides[i].Seconds = append(c.Sides[i].Seconds, took.Seconds())
		}
		slices.Reverse(order) // so that a drift of the machine meets all alike
	}
	for i, p := range m {
		var err error
		if c.Sides[i].Peak, err = peak(p.cmd.Process.Pid); err != nil {
			return c, err
		}
	}
	return c, nil
}
