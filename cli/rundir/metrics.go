package rundir

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Row is what was measured at one step of one model.
type Row struct {
	Model  string             // which encoder, as "f0"; no line breaks
	Step   int                // optimizer steps of this model so far
	Values map[string]float64 // by column; a column that is not there was not measured
}

// Metrics appends rows to a metrics.csv. Its first columns are model and step,
// the rest are the caller's; a cell is empty where nothing was measured.
//
// Every row is one write of one whole line. A write that fails half way, as on
// a full disk, is taken back. After a crash the file may end in the middle of
// a line; OpenMetrics cuts that off.
//
// A Metrics is for one goroutine, and a file for one Metrics.
type Metrics struct {
	lines   lineFile
	columns []string
	line    bytes.Buffer
}

// OpenMetrics opens the file at path for appending and makes it, with its
// header, if it is not there. The columns, besides model and step, must be
// those that the file has, in the same order: a run does not change them.
func OpenMetrics(path string, columns ...string) (*Metrics, error) {
	m := &Metrics{lines: lineFile{path: path}}
	if err := m.add(columns); err != nil {
		return nil, err
	}
	old, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && bytes.IndexByte(old, '\n') < 0 {
		err = m.replace(nil)
	} else if err == nil {
		err = m.repair(old)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Append writes one row. A value whose column the file does not have is an
// error; [Log] takes it. NaN and infinities are written as such: a loss that is NaN is a
// finding.
func (m *Metrics) Append(r Row) error {
	m.line.Reset()
	if err := m.format(&m.line, r); err != nil {
		return err
	}
	return m.lines.append(m.line.Bytes())
}

// Rewind removes the rows of a model behind step, to go on from a checkpoint of
// that step. Rows of other models stay. The file changes as a whole.
func (m *Metrics) Rewind(model string, step int) error {
	rows, err := ReadMetrics(m.lines.path)
	if err != nil {
		return err
	}
	kept := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Model == model && r.Step > step })
	if len(kept) == len(rows) {
		return nil
	}
	return m.replace(kept)
}

// Sync waits until all rows are on the disk. It is meant for the end of an
// epoch, before the checkpoint that a run would be resumed from.
func (m *Metrics) Sync() error { return m.lines.sync() }

// Close waits until all rows are on the disk and closes the file.
func (m *Metrics) Close() error { return m.lines.close() }

// add adds columns to those that m knows, not yet to the file.
func (m *Metrics) add(columns []string) error {
	all := slices.Clone(m.columns)
	for _, c := range columns {
		if c == "" || c == "model" || c == "step" || slices.Contains(all, c) || strings.ContainsAny(c, "\r\n") {
			return fmt.Errorf("%s: %q cannot be the name of another column", m.lines.path, c)
		}
		all = append(all, c)
	}
	m.columns = all
	return nil
}

// widen adds columns to the file; the rows that are there have measured nothing
// of them. The file changes as a whole.
func (m *Metrics) widen(columns []string) error {
	rows, err := ReadMetrics(m.lines.path)
	if err != nil {
		return err
	}
	before := m.columns
	if err = m.add(columns); err == nil {
		err = m.replace(rows)
	}
	if err != nil {
		m.columns = before
	}
	return err
}

// format appends r as a line.
func (m *Metrics) format(b *bytes.Buffer, r Row) error {
	if r.Model == "" || strings.ContainsAny(r.Model, "\r\n") {
		return fmt.Errorf("%s: %q cannot be the name of a model", m.lines.path, r.Model)
	}
	record := []string{r.Model, strconv.Itoa(r.Step)}
	used := 0
	for _, c := range m.columns {
		value, ok := r.Values[c]
		if !ok {
			record = append(record, "")
			continue
		}
		used++
		record = append(record, strconv.FormatFloat(value, 'g', -1, 64))
	}
	if used < len(r.Values) {
		for c := range r.Values {
			if !slices.Contains(m.columns, c) {
				return fmt.Errorf("%s has no column %q; it has %s", m.lines.path, c, strings.Join(m.columns, ", "))
			}
		}
	}
	return writeRecord(b, record)
}

func writeRecord(b *bytes.Buffer, record []string) error {
	w := csv.NewWriter(b)
	if err := w.Write(record); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// header is the first line.
func (m *Metrics) header() []byte {
	var b bytes.Buffer
	if err := writeRecord(&b, append([]string{"model", "step"}, m.columns...)); err != nil {
		panic(err) // a Buffer takes everything
	}
	return b.Bytes()
}

// replace writes the whole file anew and opens it.
func (m *Metrics) replace(rows []Row) error {
	b := bytes.NewBuffer(m.header())
	for _, r := range rows {
		if err := m.format(b, r); err != nil {
			return err
		}
	}
	return m.lines.replace(b.Bytes())
}

// repair checks the header of a file with this content, cuts off what is behind
// its last line feed, and opens it.
func (m *Metrics) repair(old []byte) error {
	if want := m.header(); !bytes.HasPrefix(old, want) {
		first, _, _ := bytes.Cut(old, []byte("\n"))
		return fmt.Errorf("%s has the columns %q, but this run measures %q; go on with the settings it was begun with or start a new run", m.lines.path, first, bytes.TrimSpace(want))
	}
	if whole := bytes.LastIndexByte(old, '\n') + 1; whole < len(old) {
		if err := os.Truncate(m.lines.path, int64(whole)); err != nil {
			return err // names the path
		}
	}
	return m.lines.open()
}

// ReadMetrics returns all whole rows of the metrics.csv at path, in the order in
// which they were written. It may be called while a run appends to the file.
func ReadMetrics(path string) ([]Row, error) {
	_, rows, err := readTable(path)
	return rows, err
}

// readTable returns the columns besides model and step, and the whole rows.
func readTable(path string) (columns []string, rows []Row, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err // names the path
	}
	return parseTable(path, text[:bytes.LastIndexByte(text, '\n')+1])
}

func parseTable(path string, text []byte) (columns []string, rows []Row, err error) {
	r := csv.NewReader(bytes.NewReader(text))
	head, err := r.Read()
	if err != nil || len(head) < 2 || head[0] != "model" || head[1] != "step" {
		return nil, nil, fmt.Errorf("%s is no table of metrics: it does not begin with the columns model and step", path)
	}
	for {
		record, err := r.Read()
		if err == io.EOF {
			return head[2:], rows, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err) // names the line
		}
		row := Row{Model: record[0], Values: make(map[string]float64)}
		line, _ := r.FieldPos(0)
		if row.Step, err = strconv.Atoi(record[1]); err != nil {
			return nil, nil, fmt.Errorf("%s: line %d: the step %q is not an integer", path, line, record[1])
		}
		for i, cell := range record[2:] {
			if cell == "" {
				continue
			}
			value, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: line %d: %s is %q, not a number", path, line, head[2+i], cell)
			}
			row.Values[head[2+i]] = value
		}
		rows = append(rows, row)
	}
}
