package cli

import (
	"encoding/json"
	"testing"

	"sslmem/ssl/recipes"
)

// What recipes copy writes is the recipe: read again, it gives the same settings.
func TestCopiedRecipes(t *testing.T) {
	for _, name := range recipes.Names() {
		e, err := recipes.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		s := TrainDefaults()
		s.use(e)
		text, err := explain(s)
		if err != nil {
			t.Fatal(err)
		}
		again := TrainDefaults()
		if err := again.decode(name, text); err != nil {
			t.Error(err)
			continue
		}
		want, _ := json.Marshal(s)
		got, _ := json.Marshal(again)
		if string(got) != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}
