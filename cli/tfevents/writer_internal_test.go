package tfevents

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sslmem/cli/tfevents/eventtest"
	"sslmem/internal/python"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// What was written is read back: numbers, a text and pictures that can be
// decoded.
func TestEvents(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "f0")
	before := time.Now()
	w, err := Create(dir)
	must(t, err)
	gray, opaque, clear := image.NewGray(image.Rect(0, 0, 3, 2)), image.NewNRGBA(image.Rect(0, 0, 2, 2)), image.NewNRGBA(image.Rect(0, 0, 1, 1))
	for i := range opaque.Pix {
		opaque.Pix[i] = 255
	}
	opaque.Set(1, 0, color.NRGBA{10, 20, 30, 255})
	must(t,
		w.Scalars(7, map[string]float64{"loss": 1.5, "knn": math.NaN()}),
		w.Text(0, "config", "a = 1"),
		w.Image(2, "gray", gray), w.Image(3, "opaque", opaque), w.Image(4, "clear", clear),
		w.Restart(5),
	)
	must(t, w.Sync(), w.Close())
	events := eventtest.Read(t, w.Path())
	if len(events) != 7 {
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		if at := time.UnixMilli(int64(math.Ceil(e.Time * 1000))); at.Before(before.Truncate(time.Millisecond)) || at.After(time.Now().Add(time.Millisecond)) {
			t.Errorf("event %d is of %v", i, at)
		}
	}
	if e := events[0]; e.Version != "brain.Event:2" || e.Step != 0 {
		t.Errorf("the file begins with %+v", e)
	}
	if e := events[1]; e.Step != 7 || len(e.Scalars) != 2 || e.Scalars["loss"] != 1.5 || e.Scalars["knn"] == e.Scalars["knn"] {
		t.Errorf("scalars %+v", e)
	}
	if e := events[2]; e.Texts["config/text_summary"] != "a = 1" {
		t.Errorf("text %+v", e)
	}
	for i, want := range []struct {
		tag                     string
		height, width, channels int
	}{{"gray", 2, 3, 1}, {"opaque", 2, 2, 3}, {"clear", 1, 1, 4}} {
		p := events[3+i].Pictures[want.tag]
		picture, err := png.Decode(bytes.NewReader(p.PNG))
		if err != nil || p.Height != want.height || p.Width != want.width || p.Channels != want.channels || events[3+i].Step != int64(2+i) {
			t.Errorf("%+v is %d×%d×%d at step %d: %v", want, p.Height, p.Width, p.Channels, events[3+i].Step, err)
			continue
		}
		if want.tag == "opaque" && color.NRGBAModel.Convert(picture.At(1, 0)) != (color.NRGBA{10, 20, 30, 255}) {
			t.Errorf("the pixel is %v", picture.At(1, 0))
		}
	}
	if e := events[6]; !e.Start || e.Step != 5 {
		t.Errorf("the restart is %+v", e)
	}
	if err := w.Scalars(8, nil); err == nil {
		t.Error("writing to a closed file succeeded")
	}
}

// A file that ends after any of its bytes, as that of a crash, is read up to the
// torn record, and a changed byte is noticed.
func TestTornFile(t *testing.T) {
	whole := read(t, golden)
	all, _, err := eventtest.Records(whole)
	must(t, err)
	ends := []int{0}
	for _, r := range all {
		ends = append(ends, ends[len(ends)-1]+16+len(r))
	}
	for n := range len(whole) {
		list, rest, err := eventtest.Records(whole[:n])
		if err != nil || ends[len(list)] != n-len(rest) || len(list) < len(all) && ends[len(list)+1] <= n {
			t.Fatalf("%d bytes: %d records and %d bytes more, %v", n, len(list), len(rest), err)
		}
		changed := bytes.Clone(whole)
		changed[n] ^= 4
		if _, _, err := eventtest.Records(changed); err == nil {
			t.Fatalf("a change of byte %d was not noticed", n)
		}
	}
}

// Files sort in the order in which they were begun, even within a second, behind
// a clock that was set back, and beside other files.
func TestFilesSort(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "events.out.tfevents.odd"), nil, 0o666))
	var last string
	for _, at := range []int64{1000, 1000, 1000, 999, 5, 1002, 2000} {
		w, err := create(dir, func() time.Time { return time.Unix(at, 0) })
		must(t, err)
		must(t, w.Close())
		if w.Path() <= last {
			t.Errorf("%s was begun behind %s", w.Path(), last)
		}
		last = w.Path()
	}
	if want := filepath.Join(dir, "events.out.tfevents.0000002000.sslmem"); last != want {
		t.Errorf("the last is %s, want %s", last, want)
	}
}

func TestCreateRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o666))
	if _, err := Create(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file instead of a folder: %v", err)
	}
}

// TensorBoard reads what it should, and forgets the steps that are taken again.
func TestTensorBoardReads(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir)
	must(t, err)
	for step := range int64(6) {
		must(t, w.Scalars(step, map[string]float64{"loss": float64(step), "lr": .5}))
	}
	must(t, w.Text(0, "config", "a = 1"), w.Image(2, "views", image.NewGray(image.Rect(0, 0, 3, 2))), w.Image(5, "views", image.NewGray(image.Rect(0, 0, 3, 2))))
	torn := read(t, w.Path())
	must(t, w.Close(), os.WriteFile(w.Path(), torn[:len(torn)-3], 0o666)) // the second picture is lost
	w, err = Create(dir)
	must(t, err)
	must(t, w.Restart(4), w.Scalars(4, map[string]float64{"loss": -4}), w.Close())

	out := python.Run(t, "testdata/read_events.py", dir)
	var got struct {
		Scalars map[string][][2]float64
		Texts   map[string]string
		Images  map[string][][3]int
	}
	must(t, json.Unmarshal(out, &got))
	if want := [][2]float64{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, -4}}; !reflect.DeepEqual(got.Scalars["loss"], want) {
		t.Errorf("loss %v, want %v", got.Scalars["loss"], want)
	}
	if len(got.Scalars["lr"]) != 4 {
		t.Errorf("lr %v", got.Scalars["lr"])
	}
	if want := [][3]int{{2, 3, 2}}; !reflect.DeepEqual(got.Images["views"], want) {
		t.Errorf("images %v, want %v", got.Images, want)
	}
	if got.Texts["config/text_summary"] != "a = 1" {
		t.Errorf("texts %v", got.Texts)
	}
}
