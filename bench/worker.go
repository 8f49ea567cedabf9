package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"

	"sslmem/torch"
)

// An action does something n times and returns a loss or a checksum.
type action func(n int) float64

// work is the main function of a worker process: see [peer] for what it
// talks. The arguments are the number of threads, the kind of worker and what
// that kind wants.
func work(args []string) error {
	debug.SetGCPercent(25) // as the program itself sets it
	if len(args) < 2 {
		return errors.New("a worker needs the number of threads and a kind")
	}
	threads, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("number of threads: %w", err)
	}
	if err := torch.Init(); err != nil {
		return err
	}
	defer torch.LockThread()()
	torch.SetNumThreads(threads)
	switch kind, rest := args[1], args[2:]; {
	case kind == "train" && len(rest) == 2:
		w, err := newTrainWorker(rest[0], rest[1])
		if err != nil {
			return err
		}
		return serve(os.Stdin, os.Stdout, map[string]action{"step": w.steps})
	case kind == "ops" && len(rest) == 0:
		return serve(os.Stdin, os.Stdout, newOpsWorker().actions())
	case kind == "views" && len(rest) == 6:
		w, err := newViewsWorker(threads, rest)
		if err != nil {
			return err
		}
		return serve(os.Stdin, os.Stdout, map[string]action{"views": w})
	case kind == "folder" && len(rest) == 3:
		w, err := newFolderWorker(threads, rest)
		if err != nil {
			return err
		}
		return serve(os.Stdin, os.Stdout, map[string]action{"views": w})
	case kind == "memory" && len(rest) == 2:
		return trainLong(os.Stdout, rest[0], rest[1])
	}
	return fmt.Errorf("there is no worker %v", args[1:])
}

// serve announces the version and answers until in ends.
func serve(in io.Reader, out io.Writer, actions map[string]action) error {
	fmt.Fprintln(out, "ready", torch.Version())
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var what string
		var n int
		if _, err := fmt.Sscan(lines.Text(), &what, &n); err != nil {
			return fmt.Errorf("line %q: %w", lines.Text(), err)
		}
		do, ok := actions[what]
		if !ok {
			return fmt.Errorf("line %q: there is no such action", lines.Text())
		}
		var answer float64
		if err := torch.Try(func() { answer = do(n) }); err != nil {
			return err
		}
		fmt.Fprintln(out, answer)
	}
	return nil
}
