package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"

	"sslmem/bench/worker"
	"sslmem/torch"
)

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
		return worker.Serve(os.Stdin, os.Stdout, map[string]worker.Action{"step": w.steps})
	case kind == "ops" && len(rest) == 0:
		return worker.Serve(os.Stdin, os.Stdout, newOpsWorker().actions())
	case kind == "views" && len(rest) == 6:
		w, err := newViewsWorker(threads, rest)
		if err != nil {
			return err
		}
		return worker.Serve(os.Stdin, os.Stdout, map[string]worker.Action{"views": w})
	case kind == "score" && len(rest) == 2:
		actions, err := newScoreWorker(rest[0], rest[1])
		if err != nil {
			return err
		}
		return worker.Serve(os.Stdin, os.Stdout, actions)
	case kind == "folder" && len(rest) == 3:
		w, err := newFolderWorker(threads, rest)
		if err != nil {
			return err
		}
		return worker.Serve(os.Stdin, os.Stdout, map[string]worker.Action{"views": w})
	case kind == "memory" && len(rest) == 2:
		return trainLong(os.Stdout, rest[0], rest[1])
	}
	return fmt.Errorf("there is no worker %v", args[1:])
}
