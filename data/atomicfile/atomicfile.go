// Package atomicfile writes files that are either complete or not there.
//
// A run writes checkpoints, tables and figures while people read them, stop it
// with Ctrl-C or run out of disk. [Write] puts the bytes into a temporary file
// in the same folder, makes sure that they are on the disk and only then gives
// the file its name. A reader sees the old file or the new one, never a part
// of one, and whatever goes wrong leaves the old file as it was.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"sslmem/data/rng"
)

// Write replaces the file at path by what write writes.
//
// The writer that write gets is buffered and valid only during the call. If
// write returns an error or panics, or the disk is full, or anything else
// fails, then the temporary file is removed, path is what it was before, and
// the error names path and wraps the cause.
//
// The folder must exist. A new file gets mode 0666 before the umask; a file
// that is there keeps its permissions. A symbolic link at path is followed, so
// that the link stays and its target is replaced. The temporary file is named
// ".BASE.NUMBER.tmp"; only a crash of the machine or SIGKILL can leave one
// behind, and it is safe to delete.
func Write(path string, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("cannot write %s: %w", path, err)
		}
	}()
	target, err := resolve(path)
	if err != nil {
		return err
	}
	old, statErr := os.Stat(target)
	if statErr == nil && !old.Mode().IsRegular() {
		return errors.New("it is there already and is not a regular file")
	}
	f, err := createTemp(target)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			f.Close() // a second Close is harmless
			os.Remove(f.Name())
		}
	}()

	b := bufio.NewWriterSize(f, 1<<16)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if statErr == nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return err
	}
	done = true
	syncDir(filepath.Dir(target))
	return nil
}

// resolve follows symbolic links at path; a path that is not there yet is
// returned as it is.
func resolve(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return path, nil
	}
	return target, err
}

// createTemp makes a new file beside path. os.CreateTemp is not used because
// it ignores the umask and gives mode 0600.
func createTemp(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	for try := uint64(0); ; try++ {
		n := rng.Sub(uint64(os.Getpid()), rng.Word(path), try) % 1e9
		name := filepath.Join(dir, "."+base+"."+strconv.FormatUint(n, 10)+".tmp")
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) && try < 1000 {
			continue
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("the folder %s does not exist, create it first: %w", filepath.Dir(path), err)
		}
		return f, err
	}
}

// syncDir makes the new name itself survive a power cut, where the file system
// can do that for folders; the file is complete in any case.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
