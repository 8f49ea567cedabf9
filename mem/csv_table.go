package mem

import (
	"fmt"
	"math"
	"strconv"
)

// tableReader turns the lines of a table of scores into Scores. It reads a
// line from left to right; next is the column that comes next.
type tableReader struct {
	names  []string
	halves []bool
	scores Scores
	fields []string
	next   int
}

func newTableReader(names []string, halves []bool) *tableReader {
	return &tableReader{names: names, halves: halves, scores: Scores{Pairs: make([]PairLoss, len(halves))}}
}

// add reads one line. The number of fields is that of the names.
func (t *tableReader) add(fields []string) error {
	t.fields, t.next = fields, 0
	if err := t.addPoint(); err != nil {
		return err
	}
	derived := make([]float64, 3+len(t.halves)) // m, l_f, l_g, m_pair_0, …
	for i := range derived {
		v, err := t.float()
		if err != nil {
			return err
		}
		derived[i] = v
	}
	for k := range t.halves {
		if err := t.addPair(k); err != nil {
			return err
		}
	}
	return t.check(derived)
}

// addPoint reads index, set and label.
func (t *tableReader) addPoint() error {
	s := &t.scores
	index, err := t.integer()
	if err != nil {
		return err
	}
	if index < 0 {
		return fmt.Errorf("dataset index %d is negative", index)
	}
	_, text := t.take()
	set, err := ParseSet(text)
	if err != nil {
		return err
	}
	if first := len(s.Index) == 0; t.fields[t.next] == "" {
		if !first && s.Label != nil {
			return fmt.Errorf("the label is empty, but the lines before have one")
		}
		t.next++
	} else {
		if !first && s.Label == nil {
			return fmt.Errorf("there is a label, but the lines before have none")
		}
		label, err := t.integer()
		if err != nil {
			return err
		}
		s.Label = append(s.Label, label)
	}
	s.Index = append(s.Index, index)
	s.Set = append(s.Set, set)
	return nil
}

// addPair reads the seed and the losses of pair k.
func (t *tableReader) addPair(k int) error {
	p := &t.scores.Pairs[k]
	name, text := t.take()
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is %q, not a seed (an integer from 0 to 2^64 − 1)", name, text)
	}
	if len(p.F) > 0 && seed != p.Seed {
		return fmt.Errorf("%s is %d, but the lines before say %d", name, seed, p.Seed)
	}
	p.Seed = seed
	columns := []*[]float64{&p.F, &p.G}
	if t.halves[k] {
		columns = append(columns, &p.FHalf[0], &p.FHalf[1], &p.GHalf[0], &p.GHalf[1])
	}
	for _, c := range columns {
		name := t.names[t.next]
		v, err := t.float()
		if err != nil {
			return err
		}
		if !validLoss(v) {
			return fmt.Errorf("%s is %v; a loss lies in [0, 1e100]", name, v)
		}
		*c = append(*c, v)
	}
	return nil
}

// check compares the derived columns of the last line with its losses.
func (t *tableReader) check(derived []float64) error {
	var f, g, m float64
	pairs := float64(len(t.halves))
	for k, p := range t.scores.Pairs {
		lf, lg := p.F[len(p.F)-1], p.G[len(p.G)-1]
		if !agree(derived[3+k], lg-lf, lf+lg) {
			return fmt.Errorf("%s is %v, but the losses of the pair give %v", pairColumn("m", k), derived[3+k], lg-lf)
		}
		f += lf / pairs
		g += lg / pairs
		m += lg - lf
	}
	m /= pairs
	for i, want := range []float64{m, f, g} {
		if !agree(derived[i], want, f+g) {
			return fmt.Errorf("%s is %v, but the losses of the pairs give %v", t.names[3+i], derived[i], want)
		}
	}
	return nil
}

// finish returns what was read.
func (t *tableReader) finish() (*Scores, error) {
	if t.scores.Len() == 0 {
		return nil, fmt.Errorf("mem: the scores have a header but no point")
	}
	if err := t.scores.Validate(); err != nil {
		return nil, err
	}
	return &t.scores, nil
}

// take returns the next field with the name of its column.
func (t *tableReader) take() (name, text string) {
	name, text = t.names[t.next], t.fields[t.next]
	t.next++
	return name, text
}

// integer reads the next field as an int.
func (t *tableReader) integer() (int, error) {
	name, text := t.take()
	v, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s is %q, not an integer", name, text)
	}
	return v, nil
}

// float reads the next field as a finite float64.
func (t *tableReader) float() (float64, error) {
	name, text := t.take()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s is %q, not a finite number", name, text)
	}
	return v, nil
}
