package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sslmem/internal/config"
	"sslmem/ssl/recipes"
)

func TestRecipesListAndShow(t *testing.T) {
	code, stdout, _ := call("recipes", "list")
	if code != ExitOK || strings.Count(stdout, "\n") != len(recipes.Names())+1 || !strings.Contains(stdout, "byol-cifar") {
		t.Errorf("list: %d %s", code, stdout)
	}
	var list []recipes.Entry
	_, stdout, _ = call("recipes", "list", "--json")
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || len(list) != len(recipes.Names()) {
		t.Errorf("list --json: %v", err)
	}
	// What show prints is the recipe.
	for _, name := range recipes.Names() {
		code, stdout, stderr := call("recipes", "show", name)
		got, err := recipes.Parse(name, stdout)
		want, _ := recipes.Lookup(name)
		if code != ExitOK || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("show %s: %d %v %s\n%+v\n%+v", name, code, err, stderr, got, want)
		}
	}
}

// A copy of every recipe can be trained: it is valid and means the recipe.
func TestRecipesCopy(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, name := range recipes.Names() {
		path := filepath.Join(dir, name+".toml")
		paths = append(paths, path)
		if code, _, stderr := call("recipes", "copy", name, path); code != ExitOK {
			t.Fatal(stderr)
		}
		got, want := TrainDefaults(), TrainDefaults()
		if err := got.load(path); err != nil {
			t.Fatal(err)
		}
		e, err := recipes.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		want.use(e)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", name, got, want)
		}
	}
	if code, stdout, stderr := call(append([]string{"recipes", "validate"}, paths...)...); code != ExitOK || strings.Count(stdout, "ok ") != len(paths) {
		t.Errorf("validate: %d %s %s", code, stdout, stderr)
	}
	before, _ := os.ReadFile(paths[0])
	if code, _, stderr := call("recipes", "copy", "simclr-demo", paths[0]); code != ExitFailure || !strings.Contains(stderr, "left alone") {
		t.Errorf("a file was written over: %d %s", code, stderr)
	}
	if after, _ := os.ReadFile(paths[0]); string(after) != string(before) {
		t.Error("a refusal changed the file")
	}
}

func TestRecipesMistakes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.toml", "[recipe]\nepochs = 20")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"recipes", "lst"}, ExitUsage, "did you mean sslmem recipes list?"},
		{[]string{"recipes", "show"}, ExitUsage, "needs the name of a recipe"},
		{[]string{"recipes", "show", "simclr-cfar"}, ExitUsage, "did you mean simclr-cifar?"},
		{[]string{"recipes", "show", "simclr-demo", "--json"}, ExitUsage, "--json must stand before the recipe"},
		{[]string{"recipes", "copy", "simclr-demo"}, ExitUsage, "mine.toml"},
		{[]string{"recipes", "copy", "simclr-demo", filepath.Join(dir, "none", "x.toml")}, ExitFailure, "none"},
		{[]string{"recipes", "validate"}, ExitUsage, "one or more files"},
		{[]string{"recipes", "validate", good, file("a.toml", "[recipe]\nwarmup_epochs = 1")}, ExitFailure, `did you mean "recipe.optimizer.warmup_epochs"?`},
		{[]string{"recipes", "validate", file("b.toml", "[recipe]\nmethod = 'byol'\n[recipe.options]\nmomentun = 1")}, ExitFailure, `did you mean "momentum"?`},
		{[]string{"recipes", "validate", file("c.toml", "pair = true\n[recipe]\nepochs = 0")}, ExitFailure, "epochs is 0"},
		{[]string{"recipes", "validate", file("d.toml", "title = 'x'\n[recipe]\nepochs = 3")}, ExitFailure, "unknown method"},
		{[]string{"recipes", "validate", filepath.Join(dir, "none.toml")}, ExitFailure, "none.toml"},
	} {
		code, stdout, stderr := call(c.args...)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%v: exit code %d, %q %q; want %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
		if strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: not one line on standard error: %q", c.args, stderr)
		}
	}
}

// Every setting is explained, and nothing that is none.
func TestExplanations(t *testing.T) {
	known := map[string]bool{}
	for _, key := range config.Keys(Settings{}) {
		known[key] = true
		if _, ok := explanations[key]; !ok && explanation(key) == "" &&
			!strings.HasSuffix(key, ".name") && key != "recipe.options" {
			t.Errorf("%s is not explained", key)
		}
	}
	for key := range explanations {
		if !known[key] {
			t.Errorf("%s is explained but is no setting", key)
		}
	}
}
