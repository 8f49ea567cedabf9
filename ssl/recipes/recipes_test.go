package recipes_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
	"sslmem/torch/torchtest"
)

var update = flag.Bool("update", false, "write docs/recipes.md anew")

func TestMain(m *testing.M) { torchtest.Main(m) }

// Every recipe has a name of a method and of a size, and says what it is for and
// where its numbers are from; its numbers can be used.
func TestRecipes(t *testing.T) {
	for _, name := range recipes.Names() {
		e, err := recipes.Lookup(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if !slices.Contains(recipes.Sizes(), e.Size()) || name != e.Recipe.Method+"-"+e.Size() {
			t.Errorf("%s is not METHOD-SIZE with the method of the recipe, %q, and a size of %v", name, e.Recipe.Method, recipes.Sizes())
		}
		for what, text := range map[string]string{"title": e.Title, "source": e.Source, "data": e.Data} {
			if text == "" || strings.ContainsAny(text, "|\n") {
				t.Errorf("%s: %s is %q", name, what, text)
			}
		}
		if _, known := data.Lookup(e.Data); !known && e.Data != data.Carried {
			t.Errorf("%s: data %q is not in the catalogue", name, e.Data)
		}
		if e.Splits().Shared+e.Splits().Candidate < e.Recipe.BatchSize {
			t.Errorf("%s: the encoders of a pair see no whole batch", name)
		}
	}
	for _, method := range ssl.MethodNames() {
		if _, err := recipes.Demo(method); err != nil {
			t.Errorf("there must be a recipe %s-demo: %v", method, err)
		}
	}
}

// small are widths at which the large encoders take no time and their heads little.
var small = map[string]int{"resnet18": 8, "resnet34": 8, "resnet50": 8, "resnet101": 8, "vit_small": 48, "vit_base": 48}

// Every recipe builds its networks, those of the large ones at a smaller width.
func TestRecipesBuild(t *testing.T) {
	for _, name := range recipes.Names() {
		e, err := recipes.Lookup(name)
		if err != nil {
			continue // TestRecipes tells
		}
		t.Run(name, func(t *testing.T) {
			if testing.Short() && e.Size() == "imagenet" {
				t.Skip("large heads")
			}
			r := e.Recipe
			if w := small[r.Model]; w > 0 {
				r.Width = w
			}
			channels := 3
			if e.Data == data.Carried {
				channels = 1
			}
			for _, views := range []*augment.Recipe{&r.Augment, r.Second, r.Local} {
				if views != nil && views.Size == 0 {
					views.Size = 32
				}
			}
			trainer, err := ssl.New(r, channels, 10, 1)
			if err != nil {
				t.Fatal(err)
			}
			ssl.Free(trainer)
		})
	}
}

func TestLookupRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"simclr-dmo": "did you mean simclr-demo?",
		"nothing":    "known are",
		"../simclr":  "unknown recipe",
		"":           "unknown recipe",
	} {
		if _, err := recipes.Lookup(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const good = "data = 'x'\n[recipe]\nmethod = 'simclr'\nmodel = 'resnet9'\nepochs = 3\nbatch_size = 8\naugment_set = 'demo'\n"
	const optimizer = "[recipe.optimizer]\nname = 'sgd'\nlr = 1\n"
	if _, err := recipes.Parse("mine", good+optimizer); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		good + "warmup_epochs = 1\n" + optimizer:                `did you mean "recipe.optimizer.warmup_epochs"?`,
		good + "temperture = 1\n" + optimizer:                   `did you mean "recipe.options.temperature"?`,
		good + optimizer + "[recipe.options]\ntemprature = 1":   `recipe.options of simclr: there is no key "temprature", did you mean "temperature"?`,
		good + optimizer + "[recipe.options]\ntemperature = -1": "temperature is -1 but must be above 0",
		good: "optimizer.name",
		strings.Replace(good, "simclr", "simcrl", 1) + optimizer:      "did you mean simclr?",
		strings.Replace(good, "batch_size = 8", "", 1) + optimizer:    "batch_size",
		strings.Replace(good, "'demo'", "'byol-cifa'", 1) + optimizer: "byol-cifar",
		good + "optimizer = 3": "mine.toml",
		strings.Replace(good, "epochs = 3", "epochs = 'x'", 1) + optimizer: "line",
	} {
		if _, err := recipes.Parse("mine", text); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "mine.toml: ") {
			t.Errorf("%q:\ngot %v, want %q", text, err, want)
		}
	}
}

// Another method brings its demo's recipe, and what is said besides is put over it.
func TestDecodeAnotherMethod(t *testing.T) {
	e, err := recipes.Demo("simclr")
	if err != nil {
		t.Fatal(err)
	}
	before := e.Recipe.Optimizer.LR
	if err := recipes.Decode("--set", "recipe.method = 'byol'\nrecipe.options.momentum = 0.5\nrecipe.epochs = 7", &e, &e.Recipe); err != nil {
		t.Fatal(err)
	}
	want, err := recipes.Demo("byol")
	if err != nil {
		t.Fatal(err)
	}
	r := e.Recipe
	if r.Method != "byol" || r.Epochs != 7 || r.Options["momentum"] != .5 || r.Optimizer.LR != want.Recipe.Optimizer.LR {
		t.Errorf("got %+v", r)
	}
	if want.Recipe.Options["momentum"] == .5 || before == 0 {
		t.Error("the recipe of the demo was changed")
	}
	broken := e.Recipe
	if err := recipes.Decode("--set", "recipe.method = 'simclr'\nrecipe.epoch = 7", &e, &e.Recipe); err == nil || e.Recipe.Method != broken.Method {
		t.Errorf("after an error (%v) the method is %s", err, e.Recipe.Method)
	}
}

// docs/recipes.md is what the recipes say.
func TestTable(t *testing.T) {
	const path = "../../docs/recipes.md"
	want, err := recipes.Table()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the recipes say; make it anew with: go generate ./ssl/recipes", path)
	}
}
