package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sslmem/internal/config"
)

// shared is embedded: its keys stand at the top.
type shared struct {
	Seed uint64 `toml:"seed"`
}

type method struct {
	Temperature float64       `toml:"temperature"`
	Warmup      time.Duration `toml:"warm_up"`
}

type settings struct {
	shared
	Name    string     `toml:"name"`
	Epochs  int        `toml:"epochs"`
	Rate    float64    `toml:"learning-rate,omitempty"`
	SimCLR  method     `toml:"simclr"`
	Stages  []method   `toml:"stages"`
	Tags    []string   `toml:"tags"`
	Started *time.Time `toml:"started"`
	Next    *settings  `toml:"next"`
	Hidden  int        `toml:"-"`
	Untaged bool
}

func TestKeys(t *testing.T) {
	want := []string{"seed", "name", "epochs", "learning-rate", "simclr", "simclr.temperature", "simclr.warm_up",
		"stages", "stages.temperature", "stages.warm_up", "tags", "started", "next", "Untaged"}
	if got := config.Keys(&settings{}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestDecodeOverDefaults(t *testing.T) {
	s := settings{Name: "default", Epochs: 100, SimCLR: method{Temperature: .1}}
	err := config.Decode("x.toml", `
epochs = 3
seed = 7
untaged = true
[simclr]
warm_up = "2s"
[[stages]]
temperature = 0.5
`, &s)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{shared: shared{7}, Name: "default", Epochs: 3, SimCLR: method{.1, 2 * time.Second}, Stages: []method{{Temperature: .5}}, Untaged: true}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"epoch = 3", `x.toml: there is no key "epoch", did you mean "epochs"?`},
		{"Learning_Rate = 3", `did you mean "learning-rate"?`},
		{"[simclr]\ntemprature = 1", `there is no key "simclr.temprature", did you mean "simclr.temperature"?`},
		{"[[stages]]\nwarmup = 1", `there is no key "stages.warmup", did you mean "stages.warm_up"?`},
		{"zzz = 1", `there is no key "zzz"; known are seed, name, epochs`},
		{"epoch = 3\nnam = 'x'", `did you mean "epochs"?; there is no key "nam", did you mean "name"?`},
		{"[simklr]\na = 1\nb = 2", `there is no key "simklr", did you mean "simclr"?`},
		{"epochs = 'three'", "line 1"},
		{"name = \n", "line 1"},
		{"Hidden = 1", `no key "Hidden"`},
		{"epochs = 1\nepochs = 2", "line 2"},
		{"epochs = 99999999999999999999", "out of range"},
	} {
		s := settings{Epochs: 100, Name: "default"}
		err := config.Decode("x.toml", c.text, &s)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.toml: ") {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
		if strings.Contains(c.text, "simklr") && strings.Count(err.Error(), "no key") != 1 {
			t.Errorf("an unknown table is named once: %v", err)
		}
		if !reflect.DeepEqual(s, settings{Epochs: 100, Name: "default"}) {
			t.Errorf("%q: settings changed to %+v", c.text, s)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	started := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	want := settings{shared: shared{1<<63 - 1}, Name: "a \"b\"\n", Epochs: -1, Rate: .1 + .2, SimCLR: method{1e-300, 90 * time.Minute},
		Stages: []method{{1, 2}, {3, 4}}, Tags: []string{"x"}, Started: &started, Untaged: true}
	if err := config.Save(path, want); err != nil {
		t.Fatal(err)
	}
	var got settings
	if err := config.Load(path, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := config.Save(path, map[string]any{"a": func() {}}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a function cannot be saved: %v", err)
	}
	if err := config.Load(path, &got); err != nil {
		t.Errorf("the old file is gone: %v", err)
	}
}

func TestLoadMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.toml")
	if err := config.Load(path, &settings{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	if err := config.Load(t.TempDir(), &settings{}); err == nil {
		t.Error("a folder is no file")
	}
}

func TestPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"Decode into a value": func() { _ = config.Decode("x", "", settings{}) },
		"Decode into nil":     func() { _ = config.Decode("x", "", (*settings)(nil)) },
		"Keys of a number":    func() { config.Keys(3) },
		"Keys of nil":         func() { config.Keys(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

// FuzzDecode feeds any text: no crash, and no change after an error.
func FuzzDecode(f *testing.F) {
	f.Add("epochs = 3\n[simclr]\ntemperature = .5")
	f.Add("[[stages]]\n[next.next]\nseed = 1")
	f.Add("\xff = {a.b = [1, {}]}")
	f.Fuzz(func(t *testing.T, text string) {
		s := settings{Name: "default"}
		if err := config.Decode("x.toml", text, &s); err != nil && !reflect.DeepEqual(s, settings{Name: "default"}) {
			t.Errorf("changed to %+v after %v", s, err)
		}
	})
}
