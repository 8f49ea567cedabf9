package mem

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"sslmem/data/atomicfile"
)

// pointColumns are the columns that every file of scores begins with.
var pointColumns = []string{"index", "set", "label", "m", "l_f", "l_g"}

// WriteCSV writes the scores as a table with one line a point, in the order of
// s, so that [ReadCSV] gets back exactly s. The columns are
//
//	index, set, label       dataset index, "S_S" … "S_E", class (empty if there are none)
//	m, l_f, l_g             mean over the pairs of L_g − L_f (not normalised), L_f and L_g
//	m_pair_0, m_pair_1, …   L_g − L_f under each f/g pair
//
// and then for each pair k
//
//	seed_pair_k, l_f_pair_k, l_g_pair_k
//	l_f_half_0_pair_k, l_f_half_1_pair_k, l_g_half_0_pair_k, l_g_half_1_pair_k
//
// where the last four are left out if the pair has no halves. Numbers are
// written with the fewest digits that give back the same float64. WriteCSV
// returns an error if s is not valid (see [Scores.Validate]).
func (s *Scores) WriteCSV(w io.Writer) error {
	if err := s.Validate(); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	halves := make([]bool, len(s.Pairs))
	pairM := make([][]float64, len(s.Pairs))
	for k, p := range s.Pairs {
		halves[k] = p.hasHalves()
		pairM[k] = s.PairM(k, Raw)
	}
	row := header(halves)
	if err := out.Write(row); err != nil {
		return err
	}
	m, f, g := s.M(Raw), s.LossF(), s.LossG()
	for i := range s.Index {
		label := ""
		if s.Label != nil {
			label = strconv.Itoa(s.Label[i])
		}
		row = append(row[:0], strconv.Itoa(s.Index[i]), s.Set[i].String(), label, decimal(m[i]), decimal(f[i]), decimal(g[i]))
		for _, m := range pairM {
			row = append(row, decimal(m[i]))
		}
		for _, p := range s.Pairs {
			row = append(row, strconv.FormatUint(p.Seed, 10))
			for _, c := range p.columns() {
				if c.values != nil {
					row = append(row, decimal(c.values[i]))
				}
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// SaveCSV writes the table of [Scores.WriteCSV] to a file, which appears
// complete or not at all.
func (s *Scores) SaveCSV(path string) error {
	return atomicfile.Write(path, s.WriteCSV)
}

// LoadCSV reads a file that [Scores.SaveCSV] wrote.
func LoadCSV(path string) (*Scores, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("mem: cannot read scores: %w", err)
	}
	defer f.Close()
	s, err := ReadCSV(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// ReadCSV reads a table of scores as [Scores.WriteCSV] writes it. The header
// must name exactly the columns described there. The derived columns (m, l_f,
// l_g, m_pair_k) must agree with the losses they come from, to 9 digits, so
// that a table edited in part is refused. Errors name the line.
func ReadCSV(r io.Reader) (*Scores, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	names, err := in.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("mem: the scores are empty; write them again")
	}
	if err != nil {
		return nil, fmt.Errorf("mem: scores: %w", err)
	}
	halves, err := parseHeader(names)
	if err != nil {
		return nil, err
	}
	t := newTableReader(slices.Clone(names), halves)
	for {
		fields, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("mem: scores: %w", err)
		}
		line, _ := in.FieldPos(0)
		if err := t.add(fields); err != nil {
			return nil, fmt.Errorf("mem: scores, line %d: %w", line, err)
		}
	}
	return t.finish()
}

// header returns the column names for pairs with or without halves.
func header(halves []bool) []string {
	names := slices.Clone(pointColumns)
	for k := range halves {
		names = append(names, pairColumn("m", k))
	}
	for k, has := range halves {
		names = append(names, pairColumn("seed", k))
		for _, c := range (PairLoss{}).columns() {
			if has || !c.half {
				names = append(names, pairColumn(c.name, k))
			}
		}
	}
	return names
}

func pairColumn(name string, pair int) string { return fmt.Sprintf("%s_pair_%d", name, pair) }

// parseHeader finds out how many pairs there are and which have halves, and
// checks that names are exactly the columns of such a table.
func parseHeader(names []string) (halves []bool, err error) {
	for slices.Contains(names, pairColumn("m", len(halves))) {
		k := len(halves)
		halves = append(halves, slices.Contains(names, pairColumn("l_f_half_0", k)))
	}
	if len(halves) == 0 {
		return nil, fmt.Errorf("mem: scores, line 1: there is no column m_pair_0; a file of scores begins with index,set,label,m,l_f,l_g,m_pair_0")
	}
	want := header(halves)
	for i, name := range want {
		if i == len(names) {
			return nil, fmt.Errorf("mem: scores, line 1: column %s is missing at the end", name)
		}
		if names[i] != name {
			return nil, fmt.Errorf("mem: scores, line 1: column %d is %q instead of %s", i+1, names[i], name)
		}
	}
	if len(names) > len(want) {
		return nil, fmt.Errorf("mem: scores, line 1: column %q after the last is not known", names[len(want)])
	}
	return halves, nil
}

// decimal writes v with the fewest digits that identify it.
func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// agree reports whether a derived value fits the one computed again, whose
// terms are of the given size.
func agree(got, want, size float64) bool {
	return got == want || math.Abs(got-want) <= 1e-9*size
}
