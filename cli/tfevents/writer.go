package tfevents

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prefix begins the name of every event file; a time in seconds follows.
const prefix = "events.out.tfevents."

// A Writer appends events to a file. It is for one goroutine.
type Writer struct {
	file   *os.File
	size   int64
	synced int64 // size at the last Sync
	now    func() time.Time
	record []byte
}

// Create begins an event file in the folder dir, which is made if need be. Its
// name, events.out.tfevents.SECONDS.sslmem, sorts behind those of the event
// files that are there.
func Create(dir string) (*Writer, error) { return create(dir, time.Now) }

func create(dir string, now func() time.Time) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the folder for TensorBoard: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot look for earlier event files: %w", err)
	}
	stamp := now().Unix()
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), prefix); ok {
			digits, _, _ := strings.Cut(rest, ".")
			if last, err := strconv.ParseInt(digits, 10, 64); err == nil {
				stamp = max(stamp, last+1)
			}
		}
	}
	var file *os.File
	for ; ; stamp++ {
		path := filepath.Join(dir, fmt.Sprintf("%s%010d.sslmem", prefix, stamp))
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue // another program was faster
		}
		if err != nil {
			return nil, fmt.Errorf("cannot begin an event file: %w", err)
		}
		break
	}
	w := &Writer{file: file, now: now}
	if err := w.write(event(now(), 0).text(eventFileVersion, "brain.Event:2")); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return w, nil
}

// Scalars writes the values at a step, by tag, as one event. TensorBoard keeps
// them as float32; NaN and infinities are written as such.
func (w *Writer) Scalars(step int64, values map[string]float64) error {
	var summary message
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		summary = summary.bytes(summaryValue, scalarValue(tag, values[tag]))
	}
	return w.write(event(w.now(), step).bytes(eventSummary, summary))
}

// Text writes a text in Markdown; three backquotes before and after it keep a
// file of settings as it is.
func (w *Writer) Text(step int64, tag, markdown string) error {
	return w.summary(step, textValue(tag, markdown))
}

// Image writes a picture, as PNG.
func (w *Writer) Image(step int64, tag string, picture image.Image) error {
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, picture); err != nil {
		return fmt.Errorf("cannot write the picture %s: %w", tag, err)
	}
	size := picture.Bounds().Size()
	return w.summary(step, imageValue(tag, size.Y, size.X, channels(picture), encoded.Bytes()))
}

// channels is the number of channels that png.Encode keeps of a picture.
func channels(picture image.Image) int {
	if m := picture.ColorModel(); m == color.GrayModel || m == color.Gray16Model {
		return 1
	}
	if o, ok := picture.(interface{ Opaque() bool }); ok && o.Opaque() {
		return 3
	}
	return 4
}

// Restart says that a run goes on with the given step: what was written of this
// step and later ones, in this file and in earlier ones of the folder, holds no
// longer.
func (w *Writer) Restart(step int64) error {
	return w.write(event(w.now(), step).bytes(eventSessionLog, message(nil).integer(sessionLogStatus, 1)))
}

// Path returns the path of the file.
func (w *Writer) Path() string { return w.file.Name() }

// Sync waits until all events are on the disk. It costs nothing if there is
// none since the last.
func (w *Writer) Sync() error {
	if w.size == w.synced {
		return nil
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("cannot write events for TensorBoard: %w", err)
	}
	w.synced = w.size
	return nil
}

// Close waits until all events are on the disk and closes the file.
func (w *Writer) Close() error { return errors.Join(w.Sync(), w.file.Close()) }

func (w *Writer) summary(step int64, value message) error {
	return w.write(event(w.now(), step).bytes(eventSummary, message(nil).bytes(summaryValue, value)))
}

// write appends an event in one write, and takes back what a write that fails
// half way leaves: TensorBoard reads no further than a torn record.
func (w *Writer) write(e message) error {
	w.record = appendRecord(w.record[:0], e)
	n, err := w.file.Write(w.record)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, w.file.Truncate(w.size))
		}
		return fmt.Errorf("cannot write events for TensorBoard: %w", err)
	}
	w.size += int64(n)
	return nil
}
