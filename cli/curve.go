package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strconv"

	"sslmem/data/atomicfile"
	"sslmem/mem"
)

// curveRow is the mean raw score of one set under one pair after an epoch.
type curveRow struct {
	pair, epoch int
	set         mem.Set
	n           int
	mean        float64
}

// curveTable is the content of curve.csv: how the scores grow in training.
type curveTable struct{ rows []curveRow }

var curveHeader = []string{"pair", "epoch", "set", "n", "mean_m"}

func (c *curveTable) add(r curveRow) { c.rows = append(c.rows, r) }

// has reports whether a pair has rows for all epochs.
func (c *curveTable) has(pair int, epochs []int) bool {
	found := map[int]bool{}
	for _, r := range c.rows {
		if r.pair == pair {
			found[r.epoch] = true
		}
	}
	for _, e := range epochs {
		if !found[e] {
			return false
		}
	}
	return true
}

// above returns, for each pair, the mean of a set less that of another.
func (c *curveTable) above(set, base mem.Set, epoch int) []float64 {
	bases := map[int]float64{}
	for _, r := range c.rows {
		if r.set == base && r.epoch == epoch {
			bases[r.pair] = r.mean
		}
	}
	var out []float64
	for _, r := range c.rows {
		if b, ok := bases[r.pair]; ok && r.set == set && r.epoch == epoch {
			out = append(out, r.mean-b)
		}
	}
	return out
}

// save writes the table, whole or not at all.
func (c *curveTable) save(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write(curveHeader); err != nil {
			return err
		}
		for _, r := range c.rows {
			err := out.Write([]string{strconv.Itoa(r.pair), strconv.Itoa(r.epoch), r.set.String(), strconv.Itoa(r.n),
				strconv.FormatFloat(r.mean, 'g', -1, 64)})
			if err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
}

// loadCurve reads a table; a file that is not there is an empty one.
func loadCurve(path string) (*curveTable, error) {
	c := &curveTable{}
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the curve: %w", err)
	}
	defer file.Close()
	in := csv.NewReader(file)
	in.FieldsPerRecord = len(curveHeader)
	records, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove the file to score again", path, err)
	}
	for i, rec := range records {
		if i == 0 {
			continue
		}
		r, err := parseCurveRow(rec)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w; remove the file to score again", path, i+1, err)
		}
		c.add(r)
	}
	return c, nil
}

func parseCurveRow(rec []string) (r curveRow, err error) {
	if r.pair, err = strconv.Atoi(rec[0]); err != nil {
		return r, err
	}
	if r.epoch, err = strconv.Atoi(rec[1]); err != nil {
		return r, err
	}
	if r.set, err = mem.ParseSet(rec[2]); err != nil {
		return r, err
	}
	if r.n, err = strconv.Atoi(rec[3]); err != nil {
		return r, err
	}
	r.mean, err = strconv.ParseFloat(rec[4], 64)
	return r, err
}
