package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sslmem/ssl"
	"sslmem/ssl/recipes"
)

// A bench is one run of this program.
type bench struct {
	threads, rounds, memorySteps, learnEpochs int
	methods                                   string // of parts train and learn
	bf16                                      bool   // in part train
	compile                                   bool   // also what torch.compile makes of a step
	dir                                       string // for the files that the sides share
	// absent is why a program cannot be compared with, by its name.
	absent map[string]error
}

// measuring tells whoever waits what is going on.
func measuring(what string) { fmt.Fprintln(os.Stderr, "measuring", what) }

// match starts sslmem and those of its rivals that are there.
func (b *bench) match(ours starter, rivals ...starter) (match, error) {
	p, err := ours.start()
	if err != nil {
		return nil, err
	}
	m := match{p}
	for _, rival := range rivals {
		if b.absent[rival.name] != nil {
			continue
		}
		p, err := rival.start()
		if err != nil {
			m.stop()
			return nil, err
		}
		m = append(m, p)
	}
	return m, nil
}

// train measures one step of each case.
func (b *bench) train() ([]comparison, error) {
	cases := demoCases()
	for _, method := range b.methodNames() {
		if b.methods == "" && !slices.Contains(recipes.Names(), method+"-cifar") {
			continue // a variant of another method, with its networks
		}
		more, err := cifarCases(method)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if b.bf16 || c.recipe.Precision != ssl.BF16 {
				cases = append(cases, c)
			}
		}
	}
	var all []comparison
	for _, c := range cases {
		measuring(c.title)
		result, err := b.step(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.title, err)
		}
		all = append(all, result)
		printComparisons(os.Stderr, all[len(all)-1:])
	}
	return all, nil
}

// checkedSteps is how many steps must give the same loss on all sides, and by how
// much it may differ in each precision.
const checkedSteps = 3

func tolerance(p ssl.Precision) float64 {
	if p == ssl.BF16 {
		return 3e-2
	}
	return 1e-4
}

func (b *bench) step(c stepCase) (comparison, error) {
	path := filepath.Join(b.dir, strings.ReplaceAll(c.name, "/", "-")+".safetensors")
	text, err := c.json()
	if err != nil {
		return comparison{}, err
	}
	threads := cmp.Or(c.threads, b.threads)
	rivals := []starter{python(threads, "train.py", text, path)}
	if b.compile && b.absent[pythonName] == nil {
		compiled := python(threads, "train.py", text, path, "compile")
		compiled.name = compiledName
		rivals = append(rivals, compiled)
	}
	m, err := b.match(ours(threads, "train", c.name, path), rivals...)
	if err != nil {
		return comparison{}, err
	}
	defer m.stop()
	for range checkedSteps {
		if err := m.check("step", 1, tolerance(c.recipe.Precision)); err != nil {
			return comparison{}, err
		}
	}
	result, err := m.run("step", b.rounds, time.Second)
	result.What, result.Unit, result.Threads = c.title, "views/s", threads
	result.PerTurn *= c.shape()[0]
	return result, err
}

// opsThreads is the number of threads of part ops: none of its operations is
// worth dividing.
const opsThreads = 1

// ops measures single operations.
func (b *bench) ops() ([]comparison, error) {
	m, err := b.matchOps(opsThreads)
	if err != nil {
		return nil, err
	}
	defer m.stop()
	var all []comparison
	for _, op := range []struct{ name, title string }{
		{"add", "add 2×2"},
		{"mm", "mm 64×64"},
		{"conv2d", "conv2d 8×8×14×14, 8 kernels 3×3"},
		{"chain", "10 ops on 1,000 and backward"},
	} {
		measuring(op.title)
		if err := m.check(op.name, 2, 1e-4); err != nil {
			return nil, err
		}
		c, err := m.run(op.name, b.rounds, 200*time.Millisecond)
		if err != nil {
			return nil, err
		}
		c.What, c.Unit, c.Threads = op.title, "ns", opsThreads
		for i := range c.Sides {
			c.Sides[i].Peak = 0 // of all operations together: it says nothing
		}
		all = append(all, c)
	}
	return all, nil
}

func (b *bench) matchOps(threads int) (match, error) {
	return b.match(ours(threads, "ops"), opsRivals(threads)...)
}

// What part scope does, and the most memory that it should take.
const (
	scopeAdds  = 1500
	scopeLimit = 350 * mega
)

// scope measures processes that do nothing else.
func (b *bench) scope() (comparison, error) {
	m, err := b.matchOps(b.threads)
	if err != nil {
		return comparison{}, err
	}
	defer m.stop()
	measuring("sums in a scope")
	if err := m.check("held", scopeAdds, 1e-4); err != nil {
		return comparison{}, err
	}
	c, err := m.run("held", b.rounds, time.Second/2)
	c.What, c.Unit, c.Threads = "add 4 MB, ten results at a time", "µs", b.threads
	return c, err
}
