package fetch_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sslmem/data/fetch"
)

// content is long enough to be cut in several places.
var content = bytes.Repeat([]byte("0123456789abcdef"), 1<<14)

func sum(b []byte) string {
	s := md5.Sum(b)
	return hex.EncodeToString(s[:])
}

var quick = fetch.Options{Wait: time.Millisecond, Retries: 2}

// server serves content and counts requests; handle may answer in its place.
func server(t *testing.T, handle func(n int, w http.ResponseWriter, r *http.Request) bool) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := int(requests.Add(1)); handle == nil || !handle(n, w, r) {
			http.ServeContent(w, r, "file", time.Time{}, bytes.NewReader(content))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/file", requests
}

// whole fails unless path holds content and no part is left.
func whole(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(b, content) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := os.Stat(path + ".part"); err == nil {
		t.Error("the part was left")
	}
}

func TestGet(t *testing.T) {
	url, requests := server(t, nil)
	path := filepath.Join(t.TempDir(), "new", "file")
	o := quick
	var last, total int64
	o.Progress = func(here, all int64) { last, total = here, all }
	f := fetch.File{URLs: []string{url}, Path: path, MD5: sum(content)}
	for range 2 { // the second time it is there
		if err := fetch.Get(t.Context(), f, o); err != nil {
			t.Fatal(err)
		}
	}
	whole(t, path)
	if n := int64(len(content)); last != n || total != n || requests.Load() != 1 {
		t.Errorf("progress %d of %d in %d requests", last, total, requests.Load())
	}
}

// TestCut: the server drops the connection twice, and the rest is asked for.
func TestCut(t *testing.T) {
	var ranges []string
	url, _ := server(t, func(n int, w http.ResponseWriter, r *http.Request) bool {
		ranges = append(ranges, r.Header.Get("Range"))
		if n > 2 {
			return false
		}
		from := 100_000 * (n - 1)
		w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(content[from : from+100_000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	path := filepath.Join(t.TempDir(), "file")
	if err := fetch.Get(t.Context(), fetch.File{URLs: []string{url}, Path: path, MD5: sum(content)}, quick); err != nil {
		t.Fatal(err)
	}
	whole(t, path)
	if want := []string{"", "bytes=100000-", "bytes=200000-"}; fmt.Sprint(ranges) != fmt.Sprint(want) {
		t.Errorf("asked for %q instead of %q", ranges, want)
	}
}

// TestResume: a part of an earlier run is taken up, also where it is whole
// already, and where the server gives the whole file anyway.
func TestResume(t *testing.T) {
	for name, c := range map[string]struct {
		part   []byte
		handle func(n int, w http.ResponseWriter, r *http.Request) bool
	}{
		"part":     {content[:5000], nil},
		"complete": {content, nil},
		"no ranges": {content[:5000], func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Write(content)
			return true
		}},
		"too long": {append(bytes.Clone(content), 1, 2, 3), nil},
	} {
		url, _ := server(t, c.handle)
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path+".part", c.part, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := fetch.Get(t.Context(), fetch.File{URLs: []string{url}, Path: path, MD5: sum(content)}, quick); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		whole(t, path)
	}
}

func TestChecksum(t *testing.T) {
	url, _ := server(t, nil)
	path := filepath.Join(t.TempDir(), "file")
	f := fetch.File{URLs: []string{url}, Path: path, MD5: sum([]byte("other"))}
	err := fetch.Get(t.Context(), f, quick)
	if !errors.Is(err, fetch.ErrChecksum) || !strings.Contains(err.Error(), sum(content)) {
		t.Errorf("error %v", err)
	}
	for _, p := range []string{path, path + ".part"} {
		if _, err := os.Stat(p); err == nil {
			t.Errorf("%s was left", p)
		}
	}
	// A file that was there is never touched.
	if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := fetch.Get(t.Context(), f, quick); !errors.Is(err, fetch.ErrChecksum) || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("error %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Errorf("the file became %q", b)
	}
}

// TestMirrors: an address that is gone is passed over, and if all are, the error
// names each.
func TestMirrors(t *testing.T) {
	gone, requests := server(t, func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "gone", http.StatusNotFound)
		return true
	})
	good, _ := server(t, nil)
	path := filepath.Join(t.TempDir(), "file")
	f := fetch.File{URLs: []string{gone}, Path: path, MD5: sum(content)}
	err := fetch.Get(t.Context(), f, quick)
	if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), gone) || errors.Is(err, fetch.ErrNetwork) {
		t.Errorf("error %v", err)
	}
	if requests.Load() != 1 {
		t.Errorf("an address that is gone was tried %d times", requests.Load())
	}
	f.URLs = append(f.URLs, good)
	if err := fetch.Get(t.Context(), f, quick); err != nil {
		t.Fatal(err)
	}
	whole(t, path)
}

func TestNoNetwork(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close() // nobody listens any more
	err := fetch.Get(t.Context(), fetch.File{URLs: []string{s.URL}, Path: filepath.Join(t.TempDir(), "file")}, quick)
	if !errors.Is(err, fetch.ErrNetwork) {
		t.Errorf("error %v", err)
	}
}

// TestStopped: what came stays for the next time, and a silent server is left.
func TestStopped(t *testing.T) {
	url, _ := server(t, func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n > 1 {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:100_000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	path := filepath.Join(t.TempDir(), "file")
	ctx, cancel := context.WithCancel(t.Context())
	o := quick
	o.Progress = func(here, _ int64) {
		if here == 100_000 {
			cancel()
		}
	}
	f := fetch.File{URLs: []string{url}, Path: path, MD5: sum(content)}
	if err := fetch.Get(ctx, f, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if info, err := os.Stat(path + ".part"); err != nil || info.Size() != 100_000 {
		t.Fatalf("the part: %v, %v", info, err)
	}
	if err := fetch.Get(t.Context(), f, quick); err != nil {
		t.Fatal(err)
	}
	whole(t, path)
}

func TestSilentServer(t *testing.T) {
	url, requests := server(t, func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n > 1 {
			return false
		}
		<-r.Context().Done()
		return true
	})
	o := quick
	o.Stall = 100 * time.Millisecond
	path := filepath.Join(t.TempDir(), "file")
	if err := fetch.Get(t.Context(), fetch.File{URLs: []string{url}, Path: path, MD5: sum(content)}, o); err != nil {
		t.Fatal(err)
	}
	whole(t, path)
	if requests.Load() != 2 {
		t.Errorf("%d requests", requests.Load())
	}
}
