package recipes

import (
	"fmt"
	"strings"

	"sslmem/models"
	"sslmem/ssl"
)

// Table returns all recipes as the page docs/recipes.md.
func Table() (string, error) {
	var b strings.Builder
	b.WriteString(head)
	var method string
	for _, name := range Names() {
		e, err := Lookup(name)
		if err != nil {
			return "", err
		}
		if e.Recipe.Method != method {
			method = e.Recipe.Method
			m, err := ssl.LookupMethod(method)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n", m.Title, m.Paper)
			b.WriteString("| recipe | data | encoder | epochs × batch | optimizer | views | options |\n|---|---|---|---|---|---|---|\n")
		}
		r := e.Recipe
		fmt.Fprintf(&b, "| `%s` | %s | %s | %d × %d | %s | %s | %s |\n", name, e.Data, encoder(r), r.Epochs, r.BatchSize, optimizer(r.Optimizer), viewNames(r), options(r))
	}
	b.WriteString("\n## Where the numbers are from\n\n| recipe | source |\n|---|---|\n")
	for _, name := range Names() {
		e, err := Lookup(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, e.Source)
	}
	return b.String(), nil
}

const head = `# Recipes

Made from the files of [ssl/recipes](../ssl/recipes) by ` + "`go generate ./ssl/recipes`" + `; change those.

    sslmem recipes list                        # this table, shorter
    sslmem recipes show NAME                   # one of them with all its settings
    sslmem recipes copy NAME mine.toml         # a file to change, with a word on every setting
    sslmem recipes validate mine.toml
    sslmem train --recipe NAME                 # or --config mine.toml
`

// encoder says which encoder a recipe trains.
func encoder(r ssl.Recipe) string {
	text := r.Model
	for _, part := range []string{width(r.Width), stem(r.Stem), patch(r.PatchSize), string(r.Pool), string(r.PosEmbed), dropPath(r.DropPath)} {
		if part != "" {
			text += ", " + part
		}
	}
	return text
}

func width(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("width %d", n)
}

func stem(s models.Stem) string {
	if s == "" {
		return ""
	}
	return string(s) + " stem"
}

func patch(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("patches of %d", n)
}

func dropPath(rate float64) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf("drop path %g", rate)
}

// optimizer says how a recipe's learning rate and weight decay go.
func optimizer(o ssl.Optimizer) string {
	text := fmt.Sprintf("%s, lr %g", o.Name, o.LR)
	if o.LRBatch > 0 {
		text += fmt.Sprintf(" for %d", o.LRBatch)
	}
	if o.BiasLRScale > 0 {
		text += fmt.Sprintf(", %g of it for biases and norms", o.BiasLRScale)
	}
	if o.Schedule == ssl.OneCycle {
		text += ", one cycle"
	}
	if o.WarmupEpochs > 0 {
		text += fmt.Sprintf(", warm-up %g", o.WarmupEpochs)
	}
	if o.WeightDecay > 0 {
		text += fmt.Sprintf(", decay %g", o.WeightDecay)
	}
	if o.WeightDecayEnd > 0 {
		text += fmt.Sprintf(" to %g", o.WeightDecayEnd)
	}
	return text
}

// viewNames says which augmentations a recipe draws and how its views go through
// the networks.
func viewNames(r ssl.Recipe) string {
	text := r.AugmentSet
	if text == "" {
		text = "its own"
	}
	if r.LocalViews > 0 {
		text += fmt.Sprintf(", %d local", r.LocalViews)
	}
	if r.Forward != "" {
		text += ", " + string(r.Forward)
	}
	return text
}

// options lists those of the recipe's method that are not at their published value.
func options(r ssl.Recipe) string {
	published, err := ssl.Recipe{Method: r.Method}.Complete()
	if err != nil {
		return ""
	}
	var parts []string
	for _, key := range optionKeys(r, "") {
		key = strings.TrimPrefix(key, "recipe.options.")
		value := fmt.Sprint(r.Options[key])
		if _, there := r.Options[key]; there && value != fmt.Sprint(published.Options[key]) {
			parts = append(parts, key+" "+value)
		}
	}
	return strings.Join(parts, ", ")
}
