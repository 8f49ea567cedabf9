package rundir

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestFieldOf(t *testing.T) {
	const cpuinfo = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some CPU @ 2.00GHz: fast\n\nmodel name\t: other\n"
	if got := fieldOf(strings.NewReader(cpuinfo), "model name", ":"); got != "Some CPU @ 2.00GHz: fast" {
		t.Errorf("got %q", got)
	}
	if got := fieldOf(strings.NewReader(cpuinfo), "MemTotal", ":"); got != "" {
		t.Errorf("got %q", got)
	}
	if got := field("/none", "a", ":"); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestKibibytes(t *testing.T) {
	for s, want := range map[string]int64{"16384 kB": 16 << 20, "0 kB": 0, "": 0, "12 MB": 0, "-": 0} {
		if got := kibibytes(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestSetBuild(t *testing.T) {
	var own Environment
	own.setBuild(&debug.BuildInfo{
		Main:     debug.Module{Path: "sslmem", Version: "v1.2.3"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
	})
	if own.Version != "v1.2.3" || own.Revision != "abc" || !own.Modified || own.Sources() != "abc with changes" {
		t.Errorf("own program: %+v", own)
	}
	var other Environment
	other.setBuild(&debug.BuildInfo{
		Main:     debug.Module{Path: "example.com/x", Version: "v9"},
		Deps:     []*debug.Module{{Path: "example.com/y", Version: "v8"}, {Path: "sslmem", Version: "v1.2.3"}},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}},
	})
	if other.Version != "v1.2.3" || other.Revision != "" {
		t.Errorf("program of somebody else: %+v", other)
	}
}
