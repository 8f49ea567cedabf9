package rundir

import (
	"errors"
	"fmt"
	"io"
	"os"

	"sslmem/data/atomicfile"
)

// lineFile is a text file that grows by whole lines.
type lineFile struct {
	path string
	file *os.File
	size int64
}

// append writes a line, with its line feed, in one write. What a write that
// fails half way leaves is taken back.
func (f *lineFile) append(line []byte) error {
	n, err := f.file.Write(line)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, f.file.Truncate(f.size))
		}
		return fmt.Errorf("cannot write a row of metrics: %w", err)
	}
	f.size += int64(n)
	return nil
}

// cut takes back what was appended since the file had this size.
func (f *lineFile) cut(size int64) error {
	if f.size == size {
		return nil
	}
	if err := f.file.Truncate(size); err != nil {
		return fmt.Errorf("cannot take back a row of metrics: %w", err)
	}
	f.size = size
	return nil
}

// replace writes the whole file anew and opens it.
func (f *lineFile) replace(text []byte) error {
	err := atomicfile.Write(f.path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	return f.open()
}

// open opens the file for appending and closes it as it was open before.
func (f *lineFile) open() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err // names the path
	}
	stat, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	old := f.file
	f.file, f.size = file, stat.Size()
	if old != nil {
		return old.Close()
	}
	return nil
}

// sync waits until all lines are on the disk.
func (f *lineFile) sync() error {
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("cannot write the metrics: %w", err)
	}
	return nil
}

func (f *lineFile) close() error { return errors.Join(f.sync(), f.file.Close()) }
