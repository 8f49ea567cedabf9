package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"sslmem/ssl"
	"sslmem/torch"
)

// parts lists the parts in the order in which they run. The last one compares with
// nothing, takes longest and is run only where it is named.
var (
	parts  = []string{"train", "memory", "scope", "ops", "data", "score", "learn"}
	timing = parts[:6]
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		err = work(os.Args[2:])
	} else {
		err = run(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var b bench
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&b.threads, "threads", min(2, runtime.NumCPU()), "`threads` that one operation may use, on all sides")
	flags.IntVar(&b.rounds, "rounds", 7, "`rounds` of every comparison, at least 5 to tell a difference from noise")
	flags.IntVar(&b.memorySteps, "memory-steps", 3000, "training `steps` of part memory, a multiple of 10")
	flags.IntVar(&b.learnEpochs, "learn-epochs", 20, "`epochs` of part learn")
	flags.StringVar(&b.methods, "methods", "", "`names` of the methods of parts train and learn, with commas between them (default: all)")
	flags.BoolVar(&b.compile, "compile", false, "in part train, also compile PyTorch's step by torch.compile, a minute or more for each")
	flags.BoolVar(&b.bf16, "bf16", ssl.SlowPrecision(ssl.BF16, torch.CPU) == "", "in part train, measure steps in bf16 too; in part score, have PyTorch's fastest side compute in it (default: if the CPU has instructions for it)")
	path := flags.String("json", "", "`file` to write every measurement to")
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Printf("usage: ./build.sh bench [flags] [part …]\nParts: %s; all but the last if none is named.\n", strings.Join(parts, ", "))
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return fmt.Errorf("%w; ./build.sh bench --help lists the flags", err)
	}
	wanted := flags.Args()
	if len(wanted) == 0 {
		wanted = timing
	}
	for _, part := range wanted {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("there is no part %q; take some of %s, after the flags", part, strings.Join(parts, ", "))
		}
	}
	for _, method := range b.methodNames() {
		if _, err := ssl.LookupMethod(method); err != nil {
			return err
		}
	}
	if b.threads < 1 || b.learnEpochs < 1 || b.rounds < 1 || b.memorySteps < 30 || b.memorySteps%sampleEvery != 0 {
		return fmt.Errorf("threads, rounds and learn-epochs must be at least 1, memory-steps a multiple of %d from 30 on", sampleEvery)
	}
	dir, err := os.MkdirTemp("", "sslmem-bench")
	if err != nil {
		return fmt.Errorf("cannot make a folder for the weights: %w", err)
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	return b.all(wanted, *path)
}

// all runs the parts, prints each when it is done, and writes to the file at
// path, if that is not empty, what there is so far.
func (b *bench) all(wanted []string, path string) error {
	if err := torch.Init(); err != nil {
		return err
	}
	r := report{Machine: thisMachine(b.threads, torch.Version())}
	fmt.Println(r.Machine)
	b.findRivals()
	for _, name := range slices.Sorted(maps.Keys(b.absent)) {
		r.Absent = append(r.Absent, fmt.Sprintf("%s: %v", name, b.absent[name]))
		fmt.Println("Not compared with", r.Absent[len(r.Absent)-1])
	}
	if err := r.save(path); err != nil {
		return err
	}
	for _, part := range wanted {
		fmt.Printf("\n%s\n", part)
		if err := b.part(part, &r); err != nil {
			return fmt.Errorf("part %s: %w", part, err)
		}
		if err := r.save(path); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) part(name string, r *report) (err error) {
	switch name {
	case "train":
		if r.Train, err = b.train(); err == nil {
			printComparisons(os.Stdout, r.Train)
		}
	case "memory":
		var m memoryResult
		if m, err = b.memory(); err == nil {
			r.Memory = &m
			fmt.Println(m.words())
		}
	case "scope":
		var c comparison
		if c, err = b.scope(); err == nil {
			r.Scope = &c
			printComparisons(os.Stdout, []comparison{c})
			fmt.Println(scopeWords(c))
		}
	case "data":
		if r.Data, err = b.data(); err == nil {
			printComparisons(os.Stdout, r.Data)
		}
	case "score":
		if r.Score, err = b.score(); err != nil {
			return err
		}
		printScored(os.Stdout, r.Score)
		measuring("the noise of estimators")
		if r.Estimators, err = estimators(); err == nil {
			fmt.Println(estimatorWords(r.Estimators))
		}
	case "learn":
		if r.Learn, err = b.learn(); err == nil {
			printLearned(os.Stdout, r.Learn)
			fmt.Printf("Accuracies in percent on the test images, means over %d seeds.\n", learnSeeds)
		}
	case "ops":
		if r.Ops, err = b.ops(); err == nil {
			printComparisons(os.Stdout, r.Ops)
			fmt.Println(overheadWords(r.Ops[0]))
		}
	}
	return err
}

// findRivals sets which programs cannot be compared with, and why.
func (b *bench) findRivals() {
	b.absent = map[string]error{}
	for _, rival := range opsRivals(opsThreads) {
		p, err := rival.start()
		if err != nil {
			b.absent[rival.name] = err
			continue
		}
		if p.torch != torch.Version() {
			b.absent[rival.name] = fmt.Errorf("it has PyTorch %s, but sslmem runs on libtorch %s", p.torch, torch.Version())
		}
		p.stop()
	}
}
