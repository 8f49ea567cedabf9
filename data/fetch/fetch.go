// Package fetch brings files of data sets from the network: with their progress
// told, taken up where they were cut off, and checked against their MD5 sum.
//
//	err := fetch.Get(ctx, fetch.File{URLs: urls, Path: path, MD5: sum}, fetch.Options{})
//
// While a file comes in it is called PATH.part; it gets its name when it is
// whole, on the disk and right. A run that was stopped leaves the part, and the
// next one asks the server for the rest only.
//
// MD5 is what the authors of data sets publish. It tells damage, not malice; the
// readers of package data are made for files that are not trusted.
package fetch

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// File is a file to get.
type File struct {
	URLs []string // addresses, tried in turn
	Path string   // where it shall lie; the folder is made
	MD5  string   // in hexadecimal, "" for unknown
}

// Options say how files are fetched. The zero value is made for use.
type Options struct {
	Client *http.Client
	// Progress is told the bytes that are here and the bytes in all, 0 if the
	// server does not say.
	Progress func(here, total int64)
	// Retries is how often a cut connection is taken up again without a byte of
	// progress in between; 0 means 4.
	Retries int
	// Wait is the pause before the first retry, which doubles each time; 0 means
	// a second.
	Wait time.Duration
	// Stall is how long a connection may be silent; 0 means a minute.
	Stall time.Duration
}

// ErrNetwork is wrapped by errors of Get when no server could be reached.
var ErrNetwork = errors.New("the network cannot be reached")

// ErrChecksum is wrapped by errors of Get when a file came whole but wrong.
var ErrChecksum = errors.New("the checksum is wrong")

// Sum returns the MD5 sum of a file in hexadecimal.
func Sum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := md5.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Get fetches a file, unless it is there already and right. A file that is there
// and wrong is an error and is left as it is.
func Get(ctx context.Context, f File, o Options) error {
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Retries == 0 {
		o.Retries = 4
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	if _, err := os.Stat(f.Path); err == nil {
		return check(f.Path, f.MD5, "it is kept; move it away to fetch it again")
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o777); err != nil {
		return fmt.Errorf("fetch: cannot make the folder: %w", err)
	}
	var errs []error
	for _, url := range f.URLs {
		err := o.fetch(ctx, url, f.Path+".part")
		if err == nil {
			return finish(f)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("fetch: %s: stopped, what is here stays in %s.part: %w", url, f.Path, ctx.Err())
		}
		errs = append(errs, fmt.Errorf("%s: %w", url, err))
	}
	return fmt.Errorf("fetch: cannot get %s: %w", filepath.Base(f.Path), all(errs))
}

// all are the errors of all addresses, in one line.
type all []error

func (a all) Unwrap() []error { return a }

func (a all) Error() string {
	var texts []string
	for _, err := range a {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

// check compares the sum of a file, and says what happens to it if it is wrong.
func check(path, want, then string) error {
	if want == "" {
		return nil
	}
	got, err := Sum(path)
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	if got != want {
		return fmt.Errorf("fetch: %s has MD5 %s instead of %s: %w; %s", path, got, want, ErrChecksum, then)
	}
	return nil
}

// finish gives a part its name if it is right, and removes it if it is not.
func finish(f File) error {
	part := f.Path + ".part"
	if err := check(part, f.MD5, "it is removed; run the command again"); err != nil {
		if errors.Is(err, ErrChecksum) {
			os.Remove(part)
		}
		return err
	}
	if err := os.Rename(part, f.Path); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

// A statusError is an answer of a server that is no file.
type statusError struct{ status string }

func (e statusError) Error() string { return "the server answered " + e.status }

// fetch brings one address into a file, and takes it up again when it is cut.
func (o Options) fetch(ctx context.Context, url, part string) error {
	out, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	wait := o.Wait
	for failures := 0; ; {
		before, err := out.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		err = o.once(ctx, url, out, before)
		if err == nil {
			return out.Sync()
		}
		var status statusError
		var disk *os.PathError
		if ctx.Err() != nil || errors.As(err, &status) || errors.As(err, &disk) {
			return err
		}
		now, seekErr := out.Seek(0, io.SeekEnd)
		if seekErr != nil {
			return seekErr
		}
		if failures++; now > before {
			failures, wait = 1, o.Wait
		}
		if failures > o.Retries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait *= 2
	}
}

// once asks for what is missing after here bytes and appends it to out.
func (o Options) once(ctx context.Context, url string, out *os.File, here int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(o.Stall, func() { cancel(fmt.Errorf("the server was silent for %v", o.Stall)) })
	defer stall.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if here > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", here))
	}
	resp, err := o.Client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNetwork, cause(ctx, err))
	}
	defer resp.Body.Close()
	total := here + resp.ContentLength
	switch {
	case resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", here)):
	case resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && here > 0:
		// The whole file, or another part than was asked for: start afresh.
		if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && resp.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", here) {
			return nil // all of it is here
		}
		if err := out.Truncate(0); err != nil {
			return err
		}
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return errors.New("the server gave another part than was asked for")
		}
		here, total = 0, resp.ContentLength
	default:
		return statusError{resp.Status}
	}
	if resp.ContentLength < 0 {
		total = 0
	}
	_, err = io.Copy(&meter{out, here, total, o.Progress, func() { stall.Reset(o.Stall) }}, resp.Body)
	return cause(ctx, err)
}

// cause returns why ctx was ended, if that is what err tells.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// meter tells the progress of what is written.
type meter struct {
	out         *os.File
	here, total int64
	progress    func(here, total int64)
	alive       func()
}

func (m *meter) Write(b []byte) (int, error) {
	n, err := m.out.Write(b)
	m.here += int64(n)
	m.alive()
	if m.progress != nil {
		m.progress(m.here, m.total)
	}
	return n, err
}
