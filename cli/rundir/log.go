package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sslmem/cli/tfevents"
)

// Log appends rows of metrics to a run in three forms:
//
//   - metrics.csv, as [Metrics] writes it;
//   - metrics.jsonl, an object a line with model, step and what was measured,
//     sorted by column; null stands for NaN and infinities, which JSON lacks;
//   - tensorboard/MODEL, event files of the scalars of each model.
//
// A row may bring columns of its own: metrics.csv is then written anew with these
// behind the others, and has empty cells for them in other rows.
//
// A row is in all forms or, if one of them cannot be written, in none. After a
// crash metrics.csv may end in the middle of a line, and the others may lack a
// row that it has. OpenLog cuts that off and makes metrics.jsonl agree with it;
// TensorBoard shows a point less.
//
// A Log is for one goroutine, and a run has one at a time.
type Log struct {
	dir    Dir
	csv    *Metrics
	json   lineFile
	boards map[string]*tfevents.Writer
}

// OpenLog opens the metrics of a run for appending and makes them if they are
// not there. The columns are those of metrics.csv besides model and step; those
// that the file has stay in their places, and the others come behind them.
func OpenLog(dir Dir, columns ...string) (*Log, error) {
	path := dir.Join(MetricsFile)
	have, err := columnsOf(path)
	if err != nil {
		return nil, err
	}
	m, err := OpenMetrics(path, have...)
	if err != nil {
		return nil, err
	}
	l := &Log{dir: dir, csv: m, json: lineFile{path: dir.Join(LinesFile)}, boards: map[string]*tfevents.Writer{}}
	if err = l.need(columns); err == nil {
		err = l.mirror()
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return l, nil
}

// columnsOf returns the columns of a metrics.csv, none if it is not there or has
// no whole header.
func columnsOf(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && bytes.IndexByte(text, '\n') < 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err // names the path
	}
	columns, _, err := parseTable(path, text[:bytes.LastIndexByte(text, '\n')+1])
	return columns, err
}

// Append writes one row. The model gives its name to a folder.
func (l *Log) Append(r Row) (err error) {
	if err := checkFolder(r.Model); err != nil {
		return err
	}
	if err := l.need(slices.Sorted(maps.Keys(r.Values))); err != nil {
		return err
	}
	csvSize, jsonSize := l.csv.lines.size, l.json.size
	defer func() {
		if err != nil {
			err = errors.Join(err, l.csv.lines.cut(csvSize), l.json.cut(jsonSize))
		}
	}()
	if err := l.csv.Append(r); err != nil {
		return err
	}
	if err := l.json.append(appendJSON(nil, r)); err != nil {
		return err
	}
	board, err := l.Board(r.Model)
	if err != nil {
		return err
	}
	return board.Scalars(int64(r.Step), r.Values)
}

// Rewind removes the rows of a model behind step, to go on from a checkpoint of
// that step. Rows of other models stay. The files change as a whole; TensorBoard
// is told to forget the steps.
func (l *Log) Rewind(model string, step int) error {
	if err := checkFolder(model); err != nil {
		return err
	}
	if err := l.csv.Rewind(model, step); err != nil {
		return err
	}
	if err := l.mirror(); err != nil {
		return err
	}
	if _, err := os.Stat(l.boardDir(model)); errors.Is(err, os.ErrNotExist) {
		return nil // there is nothing to forget
	}
	board, err := l.Board(model)
	if err != nil {
		return err
	}
	return board.Restart(int64(step) + 1)
}

// Board returns the event file of a model, to write texts and pictures beside
// the rows. It belongs to the Log, which closes it.
func (l *Log) Board(model string) (*tfevents.Writer, error) {
	if err := checkFolder(model); err != nil {
		return nil, err
	}
	board := l.boards[model]
	if board == nil {
		var err error
		if board, err = tfevents.Create(l.boardDir(model)); err != nil {
			return nil, err
		}
		l.boards[model] = board
	}
	return board, nil
}

// Sync waits until all rows are on the disk. It is meant for the end of an
// epoch, before the checkpoint that a run would be resumed from.
func (l *Log) Sync() error {
	err := errors.Join(l.csv.Sync(), l.json.sync())
	for _, board := range l.boards {
		err = errors.Join(err, board.Sync())
	}
	return err
}

// Close waits until all rows are on the disk and closes the files.
func (l *Log) Close() error {
	err := errors.Join(l.csv.Close(), l.json.close())
	for _, board := range l.boards {
		err = errors.Join(err, board.Close())
	}
	return err
}

// need adds those of the columns that metrics.csv does not have.
func (l *Log) need(columns []string) error {
	missing := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(l.csv.columns, c) })
	if len(missing) == 0 {
		return nil
	}
	return l.csv.widen(missing)
}

// mirror makes metrics.jsonl, which is made of the rows of metrics.csv alone,
// agree with it, and opens it.
func (l *Log) mirror() error {
	rows, err := ReadMetrics(l.csv.lines.path)
	if err != nil {
		return err
	}
	var want []byte
	for _, r := range rows {
		want = appendJSON(want, r)
	}
	have, err := os.ReadFile(l.json.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // names the path
	}
	if err != nil || !bytes.Equal(have, want) {
		return l.json.replace(want)
	}
	return l.json.open()
}

func (l *Log) boardDir(model string) string { return l.dir.Join(TensorBoardDir, model) }

// checkFolder returns an error if a folder cannot have the name of this model.
func checkFolder(model string) error {
	if !filepath.IsLocal(model) || filepath.Base(model) != model || model == "." {
		return fmt.Errorf("%q cannot be the name of a model, as it names no folder", model)
	}
	return nil
}
