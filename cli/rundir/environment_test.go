package rundir_test

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"sslmem/cli/rundir"
)

func TestInspect(t *testing.T) {
	e := rundir.Inspect("2.14.1", "cpu")
	if e.LibTorch != "2.14.1" || e.Device != "cpu" || e.Go != runtime.Version() || e.Arch != runtime.GOARCH || e.Cores < 1 {
		t.Errorf("%+v", e)
	}
	if age := time.Since(e.Time); age < 0 || age > time.Minute || e.Time.Location() != time.UTC {
		t.Errorf("time %v", e.Time)
	}
	if len(e.Args) != len(os.Args) {
		t.Errorf("args %q", e.Args)
	}
	if runtime.GOOS == "linux" && (e.Memory < 64<<20 || e.Kernel == "" || e.OS == "") {
		t.Errorf("the system is missing: %+v", e)
	}
}

func TestJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), rundir.EnvironmentFile)
	want := rundir.Inspect("2.14.1+cu130 <&>", "cpu")
	if err := rundir.WriteJSON(path, want); err != nil {
		t.Fatal(err)
	}
	var got rundir.Environment
	if err := rundir.ReadJSON(path, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"  \"libtorch\": \"2.14.1+cu130 <&>\",\n", "  \"cores\": "} {
		if !strings.Contains(string(text), line) {
			t.Errorf("no %q in %s", line, text)
		}
	}
	if err := rundir.WriteJSON(path, map[string]float64{"m": math.NaN()}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("NaN: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(text) {
		t.Errorf("the refused value changed the file: %v", err)
	}
}

func TestReadJSONErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), rundir.SummaryFile)
	var v struct{ N int }
	if err := rundir.ReadJSON(path, &v); !os.IsNotExist(err) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing: %v", err)
	}
	for _, text := range []string{"", `{"N":1`, `{"N":"one"}`} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := rundir.ReadJSON(path, &v); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
